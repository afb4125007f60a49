package send

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/invite"
	"netready/results"
)

const outboxOfTest = "NETREADY_TEST_OUTBOX"

// TestMain is also the program that is killed: it puts results into an outbox for ever.
func TestMain(m *testing.M) {
	if dir := os.Getenv(outboxOfTest); dir != "" {
		fill(Outbox{dir})
		return
	}
	os.Exit(m.Run())
}

// content is a result of the test's: known by its run ID.
func content(runID string) []byte { return bytes.Repeat([]byte(runID+"\n"), 4000) }

func runID(n int) string { return fmt.Sprintf("01%024d", n) }

func fill(b Outbox) {
	_, _ = os.Stdout.WriteString("begun\n")
	end := time.Now().Add(10 * time.Second) // whoever should kill it is gone
	for n := 0; n < 400 && time.Now().Before(end); n++ {
		if err := b.Add(runID(n), Address{Host: "h:1"}, content(runID(n))); err != nil {
			return
		}
	}
}

// Killed at any moment, a program leaves an outbox in which each result is whole, and which
// the next program uses.
func TestAnOutboxIsWholeAfterAKill(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	b := Outbox{t.TempDir()}
	for range 10 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), outboxOfTest+"="+b.Dir)
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(out, make([]byte, len("begun\n")))
		time.Sleep(time.Duration(random.IntN(30_000)) * time.Microsecond)
		_ = child.Process.Kill()
		_ = child.Wait()
		files, _ := b.files()
		for _, f := range files {
			p, err := b.open(f, true)
			if err != nil || !bytes.Equal(p.result, content(p.RunID)) {
				t.Fatalf("%s: %v, %d bytes", f.Name(), err, len(p.result))
			}
		}
	}
	if err := b.Add(runID(9999), Address{Host: "h:1"}, content(runID(9999))); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			t.Errorf("%s was left", e.Name())
		}
	}
}

// An outbox is bounded, and takes no names that lead elsewhere.
func TestAnOutboxIsBounded(t *testing.T) {
	b := Outbox{filepath.Join(t.TempDir(), "new")}
	for n := range mostParcels {
		if err := os.MkdirAll(b.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(b.path(runID(n)), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Add(runID(9999), Address{}, nil); !errors.Is(err, ErrFull) {
		t.Errorf("one more than the most: %v", err)
	}
	old := time.Now().Add(-kept - time.Hour)
	if err := os.Chtimes(b.path(runID(1)), old, old); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(runID(9999), Address{}, nil); err != nil {
		t.Errorf("in the place of one that waited too long: %v", err)
	}
	for _, bad := range []string{"", "../x", strings.Repeat("a", 26), runID(1) + "1"} {
		if err := b.Add(bad, Address{}, nil); err == nil {
			t.Errorf("the run ID %q was taken", bad)
		}
	}
	if err := b.Add(runID(3), Address{}, make([]byte, results.Largest+1)); err == nil {
		t.Error("a result that no responder takes was kept")
	}
}

// A result is sent to the responder that has the key of the run's, under whatever name, and
// to no other.
func TestAResultWaitsForItsOwnResponder(t *testing.T) {
	key, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	b := Outbox{t.TempDir()}
	made := invite.Invite{Host: "voice.example.com:8443", Token: "abc~secret", Pins: [][]byte{key}}
	if err := b.Add(runID(1), AddressOf(made), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to   invite.Invite
		want int
	}{
		{made, 1},
		{invite.Invite{Host: "another.example.com:443", Token: "x~y", Pins: [][]byte{other, key}}, 1},
		{invite.Invite{Host: made.Host, Token: made.Token, Pins: [][]byte{other}}, 0},
		{invite.Invite{Host: made.Host, Token: made.Token}, 0},
	} {
		if got := b.Waiting(c.to); len(got) != c.want {
			t.Errorf("%v with %d pins: %v waits, want %d", c.to, len(c.to.Pins), got, c.want)
		}
	}
	files, _ := b.files()
	raw, err := os.ReadFile(filepath.Join(b.Dir, files[0].Name()))
	if err != nil || bytes.Contains(raw, []byte("secret")) || files[0].Mode().Perm() != 0o600 {
		t.Errorf("the file is %q, %v, %v", raw, files[0].Mode(), err)
	}
}
