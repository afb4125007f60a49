package page

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"netready/probe/invite"

	"netready/internal/atomicfile"
)

// form is what is remembered for the next time.
type form struct {
	Region       string `json:"region"`
	Organization string `json:"organization"`
	Location     string `json:"location"`
	Invite       string `json:"invite,omitempty"` // whole, with its secrets: never sent to the page
	DurationS    int    `json:"duration_s"`
	Calls        int    `json:"calls"`
	Auto         bool   `json:"auto,omitempty"` // as long as it takes, in place of DurationS
	Upload       bool   `json:"upload,omitempty"`
	Anonymous    bool   `json:"anonymous,omitempty"`
}

// Given is what a settings file says of the form's fields; zero values: nothing.
type Given struct {
	Region, Organization, Location string
	Duration                       time.Duration
	Calls                          int
	Auto                           bool // as long as it takes; Duration is not used then
	Upload, Anonymous              bool
}

// over fills the form in: an administrator's new settings take effect although
// the last ones are remembered. A number that the form would refuse is left out.
func (g Given) over(f form) form {
	f.Region = cmp.Or(g.Region, f.Region)
	f.Organization = cmp.Or(g.Organization, f.Organization)
	f.Location = cmp.Or(g.Location, f.Location)
	if s := int(g.Duration / time.Second); s >= 1 && s <= maxSeconds {
		f.DurationS, f.Auto = s, false
	}
	f.Auto = f.Auto || g.Auto
	if g.Calls >= 1 && g.Calls <= maxCalls {
		f.Calls = g.Calls
	}
	f.Upload, f.Anonymous = f.Upload || g.Upload, f.Anonymous || g.Anonymous
	return f
}

// invite is the remembered one; zero if it cannot be read.
func (f form) invite() invite.Invite {
	to, _ := invite.Parse(f.Invite)
	return to
}

// memory keeps the form in a file that only this user can read. The browser's own storage
// cannot be used: it belongs to the port, which changes each time.
type memory struct {
	file string

	mu sync.Mutex // guards the file
}

// defaultForm is the form of the first time.
func defaultForm() form { return form{DurationS: 30, Calls: 1} }

// load returns the remembered form, without what cannot be read and numbers that the form
// would refuse: the user can type them again.
func (m *memory) load() form {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read()
}

// read is load; the caller holds mu.
func (m *memory) read() form {
	f := defaultForm()
	if m.file == "" {
		return f
	}
	text, err := os.ReadFile(m.file)
	if err != nil || json.Unmarshal(text, &f) != nil {
		return defaultForm()
	}
	if f.DurationS < 1 || f.DurationS > maxSeconds {
		f.DurationS = defaultForm().DurationS
	}
	if f.Calls < 1 || f.Calls > maxCalls {
		f.Calls = defaultForm().Calls
	}
	return f
}

// change reads the form, changes it and writes it.
func (m *memory) change(change func(*form)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == "" {
		return nil
	}
	f := m.read()
	change(&f)
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return fmt.Errorf("saving the entries of the form: %w", err)
	}
	if err := atomicfile.MakeFolder(filepath.Dir(m.file)); err != nil {
		return fmt.Errorf("saving the entries of the form: %w", err)
	}
	if err := atomicfile.Private(m.file, text); err != nil {
		return fmt.Errorf("saving the entries of the form: %w", err)
	}
	return nil
}

// forgetInvite removes the secret from the file.
func (m *memory) forgetInvite() error {
	return m.change(func(f *form) { f.Invite = "" })
}
