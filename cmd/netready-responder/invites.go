package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"netready/internal/yamlfile"
	"netready/probe/invite"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
)

// folder finds the folder with the tokens, and the data folder of a responder that takes
// them.
type folder struct {
	Config  string `placeholder:"FILE" help:"Settings file of the responder, which names its folders."`
	Data    string `placeholder:"DIR" help:"Data folder of the responder (default: the settings file's, or netready-responder-data)."`
	Invites string `placeholder:"DIR" help:"Folder with the invites, where it is not the data folder (default: the settings file's)."`
}

// settings are those of the responder, as far as they say where its files are.
func (f folder) settings() (settings, error) {
	of := settings{Data: "netready-responder-data"}
	if f.Config != "" {
		data, err := yamlfile.Read(f.Config)
		if err == nil {
			_, err = yamlfile.Decode(f.Config, data, &of)
		}
		if err != nil {
			return of, fmt.Errorf("--config: %w", err)
		}
	}
	of.Data, of.Invites = cmp.Or(f.Data, of.Data), cmp.Or(f.Invites, of.Invites)
	return of, nil
}

// store opens the tokens of the folder, which has to be there.
func (f folder) store() (*tokens.Store, error) {
	of, err := f.settings()
	if err == nil && of.Invites == "" {
		_, err = readReachable(of.Data)
	}
	if err == nil {
		err = checkInvites(of.Invites)
	}
	if err != nil {
		return nil, err
	}
	return tokens.Open(cmp.Or(of.Invites, of.Data))
}

// reached is how the responders are reached that take the tokens: as their own invite
// says, or as the one does whose data folder this is.
func (f folder) reached(like string) (invite.Invite, error) {
	if like == "" {
		of, err := f.settings()
		if err != nil {
			return invite.Invite{}, err
		}
		return readReachable(of.Data)
	}
	if file, isFile := strings.CutPrefix(like, "@"); isFile {
		b, err := os.ReadFile(file)
		if err != nil {
			return invite.Invite{}, fmt.Errorf("--like: %w", err)
		}
		like = strings.TrimSpace(string(b))
	}
	to, err := invite.Parse(like)
	if err != nil {
		return to, fmt.Errorf("--like: %w", err)
	}
	return to, nil
}

// checkInvites says what is wrong with a folder for the tokens; "" is none of its own.
func checkInvites(dir string) error {
	if dir == "" {
		return nil
	}
	if info, err := os.Stat(dir); err != nil {
		return fmt.Errorf("--invites: %w; make the folder, or mount it", err)
	} else if !info.IsDir() {
		return fmt.Errorf("--invites %s: it is no folder: name the one that holds tokens.json", dir)
	}
	return nil
}

// inviteCmd makes an invite for one organisation.
type inviteCmd struct {
	folder  `embed:""`
	Org     string `placeholder:"NAME" help:"Organisation that the invite is for, as the list shows it."`
	Own     bool   `help:"Show the operator's own invite, which the responder printed and which has no end, instead of making one."`
	Expires life   `default:"14d" placeholder:"14d" help:"How long it can be used: a number with d for days, h for hours or m for minutes."`
	MaxRuns int    `placeholder:"N" help:"How many runs may be made with it (default: any number)."`
	Like    string `placeholder:"INVITE|@FILE" help:"With --invites on a host that has no responder: the responders' own invite, which says how they are reached."`
}

// life is how long an invite can be used.
type life time.Duration

// longestLife is that of an invite: what lasts longer is better renewed.
const longestLife = 2 * 365 * 24 * time.Hour

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *life) UnmarshalText(b []byte) error {
	text := string(b)
	d, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n float64
		if n, err = strconv.ParseFloat(days, 64); err == nil && math.Abs(n) < 1e4 {
			d = time.Duration(n * float64(24*time.Hour))
		}
	}
	if err != nil || d < time.Minute || d > longestLife {
		return fmt.Errorf("%q: give 1m to %dd, as in 14d or 36h", text, longestLife/(24*time.Hour))
	}
	*l = life(d)
	return nil
}

// Run makes the invite and prints it.
func (c *inviteCmd) Run(a *app) error {
	switch {
	case c.Own && c.Org != "":
		return errors.New("--own and --org exclude each other: choose one")
	case c.Own:
		return c.showOwn(a)
	case c.Org == "":
		return errors.New("--org is missing: name the organisation that the invite is for, or give --own for the operator's own")
	case c.MaxRuns < 0:
		return fmt.Errorf("--max-runs %d: give 1 or more, or leave it out for any number", c.MaxRuns)
	case !isName(c.Org):
		return fmt.Errorf("--org %q: give a name of 1 to %d characters that can be printed", c.Org, longestName)
	}
	to, err := c.reached(c.Like)
	if err != nil {
		return err
	}
	store, err := c.store()
	if err != nil {
		return err
	}
	secret, t, err := store.Make(c.Org, time.Now(), time.Duration(c.Expires), c.MaxRuns)
	if err != nil {
		return err
	}
	to.Token = secret
	fmt.Fprintln(a.stdout, to.String())
	fmt.Fprintf(a.stderr, "For %s, until %s, %s. It is shown this once. To end it: netready-responder revoke %s\n",
		c.Org, t.Expires.Format("2006-01-02 15:04 UTC"), runsText(c.MaxRuns), t.ID)
	return nil
}

// showOwn prints the operator's own invite.
func (c *inviteCmd) showOwn(a *app) error {
	of, err := c.settings()
	if err != nil {
		return err
	}
	to, err := readReachable(of.Data)
	if err != nil {
		return err
	}
	tokens, err := responder.ReadTokens(cmp.Or(of.TokenFile, filepath.Join(of.Data, "token")))
	if err != nil {
		return err
	}
	to.Token = tokens[0]
	fmt.Fprintln(a.stdout, to.String())
	return nil
}

// longestName is that of an organisation, in characters.
const longestName = 100

func isName(s string) bool {
	return strings.TrimSpace(s) != "" && len([]rune(s)) <= longestName && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func runsText(most int) string {
	switch most {
	case 0:
		return "any number of runs"
	case 1:
		return "1 run"
	}
	return fmt.Sprintf("%d runs", most)
}

// revokeCmd ends invites.
type revokeCmd struct {
	folder `embed:""`
	ID     []string `arg:"" help:"Invites to end, by their IDs: the part before ~, as list shows it."`
}

// Run ends them, all or the first that it can find.
func (c *revokeCmd) Run(a *app) error {
	store, err := c.store()
	if err != nil {
		return err
	}
	for _, id := range c.ID {
		t, err := store.Revoke(id, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s of %s is revoked: no new run can be made with it\n", t.ID, t.Org)
	}
	return nil
}

// listCmd shows the invites that were made.
type listCmd struct {
	folder `embed:""`
}

// Run prints a table.
func (c *listCmd) Run(a *app) error {
	store, err := c.store()
	if err != nil {
		return err
	}
	all, err := store.List(time.Now())
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(a.stdout, "No invites of organisations were made. To make one: netready-responder invite --org NAME")
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tORGANISATION\tSTATE\tRUNS\tEXPIRES")
	for _, t := range all {
		runs := strconv.Itoa(t.Runs)
		if t.MaxRuns > 0 {
			runs += " of " + strconv.Itoa(t.MaxRuns)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Org, t.State, runs, t.Expires.Format("2006-01-02 15:04 UTC"))
	}
	return table.Flush()
}
