package yamlfile

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

type sample struct {
	Word string   `yaml:"word"`
	List []string `yaml:"list"`
}

func inUTF16(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestEncodings(t *testing.T) {
	for name, data := range map[string][]byte{
		"UTF-8":                   []byte("word: São\n"),
		"UTF-8 with a mark, CRLF": []byte("\ufeffword: São\r\n"),
		"UTF-16 of Notepad":       inUTF16("word: São\r\n", binary.LittleEndian),
		"UTF-16, big-endian":      inUTF16("word: São\n", binary.BigEndian),
	} {
		var got sample
		if _, err := Decode("f.yaml", data, &got); err != nil || got.Word != "São" {
			t.Errorf("%s: %q, %v", name, got.Word, err)
		}
	}
}

func TestAt(t *testing.T) {
	var got sample
	f, err := Decode("f.yaml", []byte("word: a\nlist:\n  - b\n  - c\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	for line, path := range map[int][]any{1: {"word"}, 3: {"list", 0}, 4: {"list", 1}} {
		if at := f.At(path...); at.Line != line {
			t.Errorf("%v is in line %d, want %d", path, at.Line, line)
		}
	}
	if at := f.At("list", 7, "x"); at.Line != 3 {
		t.Errorf("what is not there is told to be in line %d, want the list's", at.Line)
	}
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	if _, err := Read(folder); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Read(filepath.Join(folder, "none")); err == nil || strings.Count(err.Error(), folder) != 1 {
		t.Errorf("no such file: %v, want its name once", err)
	}
	large := filepath.Join(folder, "large")
	if err := os.WriteFile(large, make([]byte, 2*maxSize), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(large); err != nil || len(data) != maxSize+1 {
		t.Errorf("a large file gave %d bytes, %v: want a byte more than Decode takes", len(data), err)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"us-east-1", "us-east-2", "eu-west-1", "port", "protocol"}
	for got, want := range map[string]string{
		"us-east1": "us-east-1", "EU-WEST-1": "eu-west-1", "prot": "port", "protocoll": "protocol", "elephant": "", "": "", "x": "",
	} {
		if near := Nearest(got, words); near != want {
			t.Errorf("nearest of %q is %q, want %q", got, near, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("word: a\nlist: [b, c]\n"))
	f.Add([]byte("word: a\nword: b\n"))
	f.Add([]byte("!0"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Add([]byte("--- !!binary x\n...\n---\n"))
	f.Add(inUTF16("word: a\n", binary.LittleEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got sample
		file, err := Decode("f.yaml", data, &got)
		if err != nil && (!strings.HasPrefix(err.Error(), "f.yaml: ") || strings.Contains(err.Error(), "yamlfile.")) {
			t.Fatalf("%v", err)
		}
		_ = file.At("list", 0, "x", 1)
	})
}

// 030 was read as 24 and 0443 as port 291, without an error.
func TestNumbersMeanWhatTheyLookLike(t *testing.T) {
	type limits struct {
		Below *float64 `yaml:"below"`
		Port  int      `yaml:"port"`
		Name  string   `yaml:"name"`
	}
	for _, bad := range []string{
		"below: 030", "port: 0443", "below: 0x1E", "port: 0o644", "port: 0b11", "below: 1_000", "below: 1e3", "below: 00.5", "below: -007",
		"below: 1:30", "below: .inf", "below: -.Inf", "below: .nan", "name: 0443", "below: !!float 030", "below: .5", "below: 5.",
	} {
		var got limits
		_, err := Decode("f.yaml", []byte("# first\n"+bad+"\n"), &got)
		if err == nil || !strings.HasPrefix(err.Error(), "f.yaml: line 2: ") {
			t.Errorf("%s: read as %+v, error %v, want one with the line", bad, got, err)
		}
	}
	for text, want := range map[string]limits{
		"below: 30": {Below: new(30.0)}, "below: 0.5": {Below: new(0.5)}, "below: 0": {Below: new(0.0)}, "below: -3.25": {Below: new(-3.25)},
		"port: 443": {Port: 443}, `name: "0443"`: {Name: "0443"}, "name: '1:30'": {Name: "1:30"}, "name: 10.0.0.1": {Name: "10.0.0.1"},
		"name: 16384-65535": {Name: "16384-65535"}, "name: 2001:db8::1": {Name: "2001:db8::1"}, "name: host:8443": {Name: "host:8443"},
	} {
		var got limits
		_, err := Decode("f.yaml", []byte(text), &got)
		if err != nil || got.Port != want.Port || got.Name != want.Name || (got.Below == nil) != (want.Below == nil) || got.Below != nil && *got.Below != *want.Below {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}
