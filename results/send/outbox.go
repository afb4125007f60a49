// Package send takes results home: it keeps each on disk until the responder has
// accepted it, or refused it for good.
package send

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"netready/internal/atomicfile"
	"netready/probe/invite"
	"netready/results"
)

// Bounds of an outbox. A morning's series has 24 runs, of some 100 KB each.
const (
	mostParcels = 500
	mostBytes   = 256 << 20
	longestHead = 64 << 10
	suffix      = ".result"
	// kept is how long a result waits for its responder: who has not come back in a
	// month has the files of the run, and sends those.
	kept = 30 * 24 * time.Hour
)

// ErrFull is an outbox that takes no more.
var ErrFull = errors.New("too many results wait to be sent")

// An Address is where a result goes to. It holds no secret.
type Address struct {
	Host string   `json:"host"` // host:port
	Pins []string `json:"pins"` // of its keys, base64url; none: the usual authorities vouch for the host
	// Invite names the invite of the run by the part before the "~"; "": the operator's
	// own, which has no such part.
	Invite string `json:"invite"`
}

// AddressOf is where an invite leads to.
func AddressOf(to invite.Invite) Address {
	a := Address{Host: to.Host}
	if id, _, found := strings.Cut(to.Token, "~"); found {
		a.Invite = id
	}
	for _, pin := range to.Pins {
		a.Pins = append(a.Pins, base64.RawURLEncoding.EncodeToString(pin))
	}
	return a
}

// isReachedBy says whether an invite leads to the very responder of an address: to one
// that has its key, whatever its name is, or without keys to the same host.
func (a Address) isReachedBy(to invite.Invite) bool {
	now := AddressOf(to)
	if len(a.Pins) == 0 && len(now.Pins) == 0 {
		return a.Host == now.Host
	}
	return slices.ContainsFunc(a.Pins, func(pin string) bool { return slices.Contains(now.Pins, pin) })
}

// An Outbox is a folder with results that wait. Several programs may use it at once.
type Outbox struct{ Dir string }

// Folder is the outbox of this user: in the folder that the system has for what programs
// remember.
func Folder() (Outbox, error) {
	var dir string
	var err error
	switch {
	case runtime.GOOS == "windows":
		dir, err = os.UserCacheDir() // LocalAppData: it stays on this computer
	case runtime.GOOS == "darwin":
		dir, err = os.UserConfigDir()
	case filepath.IsAbs(os.Getenv("XDG_STATE_HOME")):
		dir = os.Getenv("XDG_STATE_HOME")
	default:
		dir, err = os.UserHomeDir()
		dir = filepath.Join(dir, ".local", "state")
	}
	if err != nil {
		return Outbox{}, fmt.Errorf("finding the folder for results that wait: %w", err)
	}
	return Outbox{filepath.Join(dir, "netready", "outbox")}, nil
}

// A waiting result is one file of the outbox: a line with its head, and the result as it is.
type waiting struct {
	RunID string  `json:"run_id"`
	To    Address `json:"to"`

	result []byte
}

// Add puts a result into the outbox, whole or not at all.
func (b Outbox) Add(runID string, to Address, result []byte) error {
	if !results.IsRunID(runID) || len(result) > results.Largest {
		return fmt.Errorf("keeping the result %q of %d bytes: responders accept none of that size; send its files", runID, len(result))
	}
	if err := atomicfile.MakeFolder(b.Dir); err != nil {
		return fmt.Errorf("keeping the result until it is sent: %w", err)
	}
	b.sweep()
	files, size := b.files()
	if len(files) >= mostParcels || size+int64(len(result)) > mostBytes {
		return fmt.Errorf("%w: %d results in %s; run netready with an invite to their responder, which sends them, or remove them", ErrFull, len(files), b.Dir)
	}
	head, err := json.Marshal(waiting{RunID: runID, To: to})
	if err != nil {
		return err
	}
	if err := atomicfile.Private(b.path(runID), slices.Concat(head, []byte("\n"), result)); err != nil {
		return fmt.Errorf("keeping the result until it is sent: %w", err)
	}
	return nil
}

func (b Outbox) path(runID string) string { return filepath.Join(b.Dir, runID+suffix) }

// sweep removes what has waited too long, and what a killed program left half-written.
func (b Outbox) sweep() {
	atomicfile.RemoveLeftovers(filepath.Join(b.Dir, "any"))
	files, _ := b.files()
	for _, f := range files {
		if time.Since(f.ModTime()) > kept {
			_ = os.Remove(filepath.Join(b.Dir, f.Name()))
		}
	}
}

// files are those of the outbox, the latest run first, and their size together.
func (b Outbox) files() (files []os.FileInfo, size int64) {
	entries, _ := os.ReadDir(b.Dir) // no folder yet: nothing waits
	for _, e := range slices.Backward(entries) {
		info, err := e.Info()
		id, ours := strings.CutSuffix(e.Name(), suffix)
		if err == nil && ours && results.IsRunID(id) && info.Mode().IsRegular() {
			files, size = append(files, info), size+info.Size()
		}
	}
	return files, size
}

// Waiting are the runs whose results wait for the responder of an invite, the latest
// first.
func (b Outbox) Waiting(to invite.Invite) (runIDs []string) {
	files, _ := b.files()
	for _, f := range files {
		if p, err := b.open(f, false); err == nil && p.To.isReachedBy(to) {
			runIDs = append(runIDs, p.RunID)
		}
	}
	return runIDs
}

// open reads a waiting result: its head alone, or all of it.
func (b Outbox) open(info os.FileInfo, whole bool) (p waiting, err error) {
	f, err := os.Open(filepath.Join(b.Dir, info.Name()))
	if err != nil {
		return p, err
	}
	defer f.Close()
	most := int64(longestHead)
	if whole {
		most += results.Largest
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return p, err
	}
	head, result, found := bytes.Cut(text, []byte("\n"))
	if !found || json.Unmarshal(head, &p) != nil || p.RunID+suffix != info.Name() {
		return p, fmt.Errorf("%s is not a result that waits to be sent: remove it", f.Name())
	}
	p.result = result
	return p, nil
}
