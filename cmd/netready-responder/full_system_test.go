//go:build system && linux

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/internal/smalldisk"
	"netready/probe/call"
)

// With a full disk no run of an organisation can be counted, so its agents wait; the
// operator's own invite still works, also after a restart. The commands say what is wrong.
// Nothing is lost or half-written, and when there is room again everything works as before.
func TestFullDisk(t *testing.T) {
	data := smalldisk.New(t, 256)
	control := freePort(t)
	serve := func() *program {
		return begin(t, "--control", control, "--data", data, "--store", "none", "--advertise", "127.0.0.1")
	}
	p := serve()
	out, said, status := does(t, "invite", "--data", data, "--org", "ACME", "--max-runs", "9")
	if status != 0 {
		t.Fatalf("status %d, %s", status, said)
	}
	theirs := parsed(t, strings.TrimSpace(out))
	if err := runWith(t, theirs); err != nil {
		t.Fatal(err)
	}
	tokens := func() []byte {
		b, err := os.ReadFile(filepath.Join(data, "tokens.json"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before, full := tokens(), smalldisk.Fill(t, data, 0)

	if err := runWith(t, theirs); !errors.Is(err, call.ErrBusy) {
		t.Errorf("an organisation's run: %v, want to be told to wait; %s", err, p.stderr)
	}
	p.told(t, "could not be counted")
	id, _, _ := strings.Cut(theirs.Token, "~")
	for _, args := range [][]string{{"invite", "--data", data, "--org", "Other"}, {"revoke", "--data", data, id}} {
		out, said, status := does(t, args...)
		if status != 2 || out != "" || !strings.Contains(said, "no space left") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q", args[0], status, out, said)
		}
	}
	p.end(t)
	p = serve()
	own := parsed(t, strings.TrimSpace(p.invite))
	if err := runWith(t, own); err != nil {
		t.Errorf("the operator's own run, after a restart: %v; %s", err, p.stderr)
	}
	if !bytes.Equal(tokens(), before) {
		t.Error("the tokens are not what they were")
	}
	if left, err := filepath.Glob(filepath.Join(data, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}

	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	if err := runWith(t, theirs); err != nil {
		t.Errorf("with room again: %v; %s", err, p.stderr)
	}
	if out, _, _ := does(t, "list", "--data", data); !strings.Contains(out, "2 of 9") {
		t.Errorf("the list: %s", out)
	}
}

// A new responder on a full disk says what it cannot write, and what to do.
func TestFullDiskAtTheFirstStart(t *testing.T) {
	data := smalldisk.New(t, 256)
	smalldisk.Fill(t, data, 0)
	for _, args := range [][]string{
		{"--data", filepath.Join(data, "d")},
		{"--data", filepath.Join(t.TempDir(), "d"), "--invite-file", filepath.Join(data, "invite.txt")},
	} {
		out, said, status := does(t, append([]string{"serve", "--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none", "--store", "none"}, args...)...)
		if status != 2 || out != "" || !strings.Contains(said, "no space left") || !strings.Contains(said, args[len(args)-2]) {
			t.Errorf("%v: status %d, %q, %q", args, status, out, said)
		}
	}
	if b, err := os.ReadFile(filepath.Join(data, "invite.txt")); err == nil {
		t.Errorf("half an invite: %d bytes", len(b))
	}
}
