package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func echoServer(t *testing.T, answers bool) string {
	t.Helper()
	c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = c.Close(); <-done })
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if answers {
				_, _ = c.WriteTo(b[:n], from)
			}
		}
	}()
	return c.LocalAddr().String()
}

func TestRegionsRanksAndKeepsTheDead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "regions.yaml")
	list := fmt.Sprintf("regions:\n  - {id: dead, name: Dead, echo: %q}\n  - {id: none, name: None}\n  - {id: alive, name: Alive, echo: %q}\n",
		echoServer(t, false), echoServer(t, true))
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	app := &app{Ctx: t.Context(), Stdout: &out, Stderr: &out}
	if err := (&regionsCmd{Regions: file, Measure: true, JSON: true}).Run(app); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Regions []regionRow `json:"regions"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Regions) != 3 || got.Regions[0].ID != "alive" || got.Regions[0].RTT == nil {
		t.Fatalf("got %s", out.String())
	}
	for _, row := range got.Regions[1:] {
		if row.RTT != nil || row.Reason == "" {
			t.Errorf("%s: got %+v, %q", row.ID, row.RTT, row.Reason)
		}
	}
}

func TestRegionsLists(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&regionsCmd{}).Run(&app{Ctx: t.Context(), Stdout: &out, Stderr: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"local", "us-east-1", "eusc-de-east-1", "call both ways"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, out.String())
		}
	}
}

// A region's TURN server is listed, with its templates filled in and in the
// order in which it is tried.
func TestRegionsListTheirTURNServer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "regions.yaml")
	list := "regions:\n  - {id: here, name: Here, domain: example.com, turn: ['turn:turn-{region}.{domain}:3478', 'turns:t.{domain}']}\n  - {id: none, name: None}\n"
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		if err := (&regionsCmd{Regions: file, JSON: asJSON}).Run(&app{Ctx: t.Context(), Stdout: &out, Stderr: &out}); err != nil {
			t.Fatal(err)
		}
		first, second := strings.Index(out.String(), "turn:turn-here.example.com:3478"), strings.Index(out.String(), "turns:t.example.com")
		if first < 0 || second < first {
			t.Errorf("JSON %v: got\n%s", asJSON, out.String())
		}
		if got := strings.Count(out.String(), "call_by_turn") + strings.Count(out.String(), "call through"); got != 1 {
			t.Errorf("JSON %v: %d regions can measure a call through a TURN server, want 1:\n%s", asJSON, got, out.String())
		}
	}
}
