package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Each null of each stream has an entry in not_measured, and none that is not
// null has one.
func TestEveryNullOfAnalyzeHasItsReason(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind uint8
		step uint32
		size int // of the file kept, 0: all
	}{
		{"speech", 0, 160, 0},
		{"a clock that is not known", 96, 137, 0},
		{"video", 34, 1800, 0},
		{"comfort noise", 13, 160, 0},
		{"a clock that stands still", 0, 0, 0},
		{"few packets", 0, 160, 2000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeCapture(t, tt.kind, tt.step)
			if tt.size > 0 {
				whole, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				path = filepath.Join(t.TempDir(), "short.pcap")
				if err := os.WriteFile(path, whole[:tt.size], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, stdout, _ := command(t, "analyze", "--json", path)
			var got struct {
				Streams []map[string]any `json:"streams"`
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Streams) != 1 {
				t.Fatalf("%v in %s", err, stdout)
			}
			var nulls, reasons []string
			nullsOf("", got.Streams[0], &nulls)
			for _, entry := range got.Streams[0]["not_measured"].([]any) {
				e := entry.(map[string]any)
				reasons = append(reasons, e["what"].(string))
				if e["reason"] == "" || e["code"] == nil || e["code"] == "" {
					t.Errorf("entry %v", e)
				}
			}
			slices.Sort(nulls)
			slices.Sort(reasons)
			if !slices.Equal(nulls, reasons) {
				t.Errorf("nulls   %v\nreasons %v", nulls, reasons)
			}
		})
	}
}

// nullsOf lists the fields that are null, by path.
func nullsOf(path string, fields map[string]any, out *[]string) {
	for name, value := range fields {
		switch v := value.(type) {
		case nil:
			*out = append(*out, path+name)
		case map[string]any:
			nullsOf(path+name+".", v, out)
		}
	}
}
