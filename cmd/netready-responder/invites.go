package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"netready/internal/span"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/results"
	"netready/results/store"
)

// inviteCmd makes an invite for one organisation, or one that reads results.
type inviteCmd struct {
	folder
	Org     string `placeholder:"NAME" help:"Organisation that the invite is for, as the list shows it."`
	Own     bool   `help:"Show the operator's own invite, which the responder printed and which never expires, instead of making one."`
	Expires life   `default:"14d" placeholder:"14d" help:"How long it can be used: a number with d for days, h for hours or m for minutes."`
	MaxRuns int    `placeholder:"N" help:"How many runs may be made with it (default: any number)."`
	Upload  bool   `help:"The results of its runs are sent to this responder, which stores them. The user who makes a run is told so, and can refuse."`
	Read    bool   `help:"It reads the results of --org (or of all with --all-orgs) and does nothing else: for netready merge and the page /results. Without it an invite places calls and stores their results, and reads none."`
	AllOrgs bool   `help:"With --read: the results of all organisations."`
	Like    string `placeholder:"INVITE|@FILE" help:"With --invites on a host that has no responder: the responders' own invite, which says how they are reached."`
}

// life is how long an invite can be used.
type life time.Duration

// longestLife bounds the life of an invite: after that it has to be replaced.
const longestLife = 2 * 365 * span.Day

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *life) UnmarshalText(b []byte) error {
	d, err := span.Parse(string(b))
	if err != nil || d < time.Minute || d > longestLife {
		return fmt.Errorf("%q: give 1m to %dd, as in 14d or 36h", b, longestLife/span.Day)
	}
	*l = life(d)
	return nil
}

// check says which flags cannot be used together.
func (c *inviteCmd) check() error {
	switch {
	case c.Upload && (c.Own || c.Read):
		return errors.New("--upload goes with --org and an invite that places calls: it asks for the results of its runs")
	case c.Own && (c.Org != "" || c.Read || c.AllOrgs):
		return errors.New("--own cannot be used together with --org, --read or --all-orgs: choose one")
	case c.AllOrgs && !c.Read:
		return errors.New("--all-orgs needs --read: an invite that places calls is for one organisation")
	case c.AllOrgs && c.Org != "":
		return errors.New("--all-orgs and --org cannot be used together: choose one")
	case c.Read && c.MaxRuns != 0:
		return errors.New("--max-runs does not go with --read: such an invite makes no runs")
	case c.Own || c.AllOrgs:
		return nil
	case c.Read && c.Org == "":
		return errors.New("--org is missing: name the organisation whose results may be read, or give --all-orgs")
	case c.Org == "":
		return errors.New("--org is missing: name the organisation that the invite is for, or give --own for the operator's own")
	case c.MaxRuns < 0:
		return fmt.Errorf("--max-runs %d: give 1 or more, or leave it out for any number", c.MaxRuns)
	case c.Org == store.Nameless:
		return fmt.Errorf("--org %q: this name is used for results without an organisation; give the organisation another name", c.Org)
	case !isName(c.Org):
		return fmt.Errorf("--org %q: give a name of 1 to %d characters that can be printed", c.Org, longestName)
	}
	return nil
}

// Run makes the invite and prints it.
func (c *inviteCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Own {
		return c.showOwn(a)
	}
	to, err := c.reached(c.Like)
	if err != nil {
		return err
	}
	store, err := c.store()
	if err != nil {
		return err
	}
	asked := tokens.Token{Org: c.Org, MaxRuns: c.MaxRuns, Uploads: c.Upload, AllOrgs: c.AllOrgs}
	if c.Read {
		asked.Right = tokens.Read
	}
	secret, t, err := store.Make(asked, time.Now(), time.Duration(c.Expires))
	if err != nil {
		return err
	}
	to.Token = secret
	fmt.Fprintln(a.stdout, to.String())
	fmt.Fprintf(a.stderr, "For %s, until %s, %s. It is shown this once. To end it: netready-responder revoke %s\n",
		orgText(t), t.Expires.Format("2006-01-02 15:04 UTC"), rightText(t), t.ID)
	if c.Read {
		fmt.Fprintf(a.stderr, "Use it with netready merge, or in a browser: open https://%s%s and paste it there.\n", to.Host, results.PathPage)
	}
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

// longestName bounds the name of an organisation, in characters.
const longestName = 100

func isName(s string) bool {
	return strings.TrimSpace(s) != "" && len([]rune(s)) <= longestName && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// orgText says whose token it is.
func orgText(t tokens.Token) string {
	if t.AllOrgs {
		return "all organisations"
	}
	return t.Org
}

// rightText is what may be done with a token.
func rightText(t tokens.Token) string {
	if t.Right == tokens.Read {
		return "reads results and does nothing else"
	}
	return runsText(t.MaxRuns)
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
	folder
	ID []string `arg:"" help:"Invites to end, by their IDs: the part before ~, as list shows it."`
}

// Run ends them in turn, until one cannot be found.
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
		what := "no new run can be made with it"
		if t.Right == tokens.Read {
			what = "no result can be read with it"
		}
		fmt.Fprintf(a.stdout, "%s of %s is revoked: %s\n", t.ID, orgText(t), what)
	}
	return nil
}

// listCmd shows the invites that were made.
type listCmd struct {
	folder
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
	fmt.Fprintln(table, "ID\tORGANISATION\tFOR\tSTATE\tRUNS\tEXPIRES")
	for _, t := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, orgText(t.Token), useText(t.Token), t.State, madeText(t), t.Expires.Format("2006-01-02 15:04 UTC"))
	}
	return table.Flush()
}

// useText is what a token is for, as the list shows it.
func useText(t tokens.Token) string {
	if t.Right == tokens.Read {
		return "reading"
	}
	return "calls"
}

// madeText is how many runs were made with a token, of how many.
func madeText(t tokens.Listed) string {
	switch {
	case t.Right == tokens.Read:
		return "-"
	case t.MaxRuns > 0:
		return fmt.Sprintf("%d of %d", t.Runs, t.MaxRuns)
	}
	return strconv.Itoa(t.Runs)
}
