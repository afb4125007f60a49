package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"netready/report"
)

// verifyCmd is "netready verify": whether results are whole, and who made and
// signed them.
type verifyCmd struct {
	Files  []string `arg:"" name:"file" help:"Results of netready (TXT or JSON)."`
	Key    []string `sep:"," placeholder:"ID" help:"Accept signatures of these keys only. A responder logs the ID of its key at its start (signing_key)."`
	Signed bool     `help:"Fail for results without a signature too."`
	JSON   bool     `name:"json" help:"Print a JSON document."`
}

// verified is what is known of one result.
type verified struct {
	File      string     `json:"file"`
	Status    string     `json:"status"` // signed, unsigned, edited, contradicted, other_key, damaged, unreadable
	Text      string     `json:"text"`   // the same in a sentence
	RunID     string     `json:"run_id,omitempty"`
	Tool      string     `json:"tool,omitempty"` // name and version
	Schema    int        `json:"schema,omitempty"`
	Machine   string     `json:"machine,omitempty"`
	Responder string     `json:"responder,omitempty"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	KeyID     string     `json:"key_id,omitempty"`
	SignedAt  string     `json:"signed_at,omitempty"`
	UpPackets int64      `json:"up_packets,omitempty"` // as the responder counted
}

// What verify finds beyond report.Signed.
const (
	verifiedOtherKey   = "other_key"  // signed, by a key that --key does not name
	verifiedDamaged    = "damaged"    // cut short, or no result
	verifiedUnreadable = "unreadable" // no such file, a folder, or one that this user may not read
)

// Run verifies every file. Exit status 1: one was changed or damaged.
func (c *verifyCmd) Run(app *app) error {
	all, bad := []verified{}, false
	for _, name := range c.Files {
		found := c.verify(name)
		for _, v := range found {
			bad = bad || v.Status != string(report.SignedWhole) && (c.Signed || v.Status != string(report.SignedNot))
		}
		all = append(all, found...)
	}
	if err := c.print(app, all); err != nil {
		return err
	}
	if bad {
		return exitWith(exitNotReady)
	}
	return nil
}

// verify looks at one file, which may hold several results (run --repeat --json).
func (c *verifyCmd) verify(name string) (all []verified) {
	f, err := openFile(name)
	if err != nil {
		return []verified{{File: name, Status: verifiedUnreadable, Text: "cannot be read: " + err.Error()}}
	}
	defer f.Close()
	err = report.ReadAny(f, func(r report.Report, note report.Note, err error) error {
		if err != nil {
			return err
		}
		all = append(all, c.judge(name, r, note))
		return nil
	})
	if err != nil {
		all = append(all, damaged(name, err))
	}
	return all
}

// openFile opens a file that is no folder. Its errors do not repeat the name.
func openFile(name string) (*os.File, error) {
	f, err := os.Open(name)
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, path.Err
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(errors.New("it is a folder: name the files in it, as in "+filepath.Join(name, "*.json")), f.Close())
	}
	return f, nil
}

func damaged(name string, err error) verified {
	text := "damaged: " + err.Error()
	if errors.Is(err, report.ErrCutShort) {
		text += ": copy the file again"
	}
	return verified{File: name, Status: verifiedDamaged, Text: text}
}

func (c *verifyCmd) judge(name string, r report.Report, note report.Note) verified {
	v := verified{
		File: name, Status: string(note.Signed), RunID: r.RunID, Tool: strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version), Schema: r.Schema,
		Machine: r.Machine.Hostname, Responder: r.Region.Responder, StartedAt: &r.StartedAt,
	}
	switch {
	case note.Signed == report.SignedEdited:
		v.Text = "EDITED: the signature does not fit. Somebody changed the file after the run, or a program that saved it did"
	case note.Edited:
		v.Status, v.Text = string(report.SignedEdited), "EDITED: the checksum does not fit. Somebody changed the file after the run, or a program that saved it did"
	case note.Signed == report.SignedNot:
		v.Text = "no change was found, but it is not signed: somebody who edits such a file can hide that"
		if r.Signature.Reason != "" {
			v.Text += " (" + r.Signature.Reason + ")"
		}
	default:
		v.KeyID, v.SignedAt, v.UpPackets = r.Signature.KeyID, r.Signature.SignedAt, r.Signature.UpPackets
		v.Text = "signed and whole: as it was at the end of the run"
		if note.Signed == report.SignedContradicted {
			v.Text = "CONTRADICTED: it reports more packets up than the responder counted"
		} else if len(c.Key) > 0 && !containsKey(c.Key, v.KeyID) {
			v.Status, v.Text = verifiedOtherKey, "SIGNED BY ANOTHER KEY than those of --key: the owner of that key could have invented this result"
		}
	}
	return v
}

func containsKey(keys []string, id string) bool {
	for _, key := range keys {
		if strings.TrimSpace(key) == id {
			return true
		}
	}
	return false
}

func (c *verifyCmd) print(app *app, all []verified) error {
	if c.JSON {
		enc := json.NewEncoder(app.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		return enc.Encode(all)
	}
	w := tabwriter.NewWriter(safe(app.Stdout), 0, 0, 2, ' ', 0)
	for _, v := range all {
		fmt.Fprintf(w, "%s: %s\n", oneLine(v.File), oneLine(v.Text))
		v.details(w)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// details says which version and host made the result, and who signed it.
func (v verified) details(w io.Writer) {
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %s\t%s\n", name, oneLine(text))
		}
	}
	line("run", v.RunID)
	line("made by", v.Tool)
	line("on", v.Machine)
	if v.StartedAt != nil {
		line("started", v.StartedAt.UTC().Format(time.RFC3339))
	}
	line("responder", v.Responder)
	line("signed by key", v.KeyID)
	line("signed at", v.SignedAt)
	if v.KeyID != "" {
		line("packets up, as the responder counted", fmt.Sprint(v.UpPackets))
	}
}
