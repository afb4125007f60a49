package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"
	"time"

	"netready/results"
	"netready/results/store"
)

// storeFlags find the store of a responder.
type storeFlags struct {
	folder
	Store string `placeholder:"URL" help:"The store of results (default: the settings file's, or results in --data)."`
}

// open opens the store, which has to be one.
func (f storeFlags) open(a *app) (*store.Store, func() error, error) {
	of, err := f.settings()
	if err != nil {
		return nil, nil, err
	}
	of.Store = cmp.Or(f.Store, of.Store)
	if w := of.checkStore(); w != nil {
		return nil, nil, fmt.Errorf("%s %s", flagOf(w.key), w.why)
	}
	if of.Store == noStore {
		return nil, nil, errors.New("the store is none: this responder keeps no results; name a store with --store")
	}
	if dir := of.storeFolder(); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return nil, nil, fmt.Errorf("there is no store of results: %w; name it with --store, or its responder with --data or --config", err)
		}
	}
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, closeStore, err := of.openStore(a.ctx, log)
	if err != nil {
		return nil, nil, err
	}
	// Whatever else the check finds, on a full disk as well, these commands may mend.
	if err := s.Check(a.ctx); errors.Is(err, store.ErrCapitals) {
		return nil, nil, errors.Join(err, closeStore())
	}
	return s, closeStore, nil
}

// compactCmd does the store's nightly work now.
type compactCmd struct {
	storeFlags
	Rebuild bool `help:"First compare the index with every result: for a store whose index was lost, or into which results were copied."`
}

// Run compacts.
func (c *compactCmd) Run(a *app) (err error) {
	s, closeStore, err := c.open(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	if c.Rebuild {
		found, err := s.Rebuild(a.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%d results were missing from the index and are in it now\n", found)
	}
	done, err := s.Compact(a.ctx)
	if err != nil {
		return fmt.Errorf("%w; what was written is complete: give the same command again, which does the rest", err)
	}
	fmt.Fprintf(a.stdout, "days (of each organisation): %d; tables written for %d of them, with %d runs\n", done.Days, done.Tables, done.Runs)
	return nil
}

// deleteCmd deletes results for good.
type deleteCmd struct {
	storeFlags
	RunIDs    []string `name:"run" placeholder:"ID" help:"The runs with these IDs."`
	Org       string   `placeholder:"NAME" help:"The results of this organisation."`
	Region    string   `placeholder:"ID" help:"The results of this region."`
	Since     string   `placeholder:"TIME" help:"Runs that began then or later: 7d ago, a day (2026-11-01) or a time (RFC 3339)."`
	Until     string   `placeholder:"TIME" help:"Runs that began before then."`
	OlderThan string   `placeholder:"90d" help:"Runs that began longer ago than this."`
	DryRun    bool     `help:"Delete nothing; say what would be deleted."`
}

// which are the results that the flags mean.
func (c *deleteCmd) which(now time.Time) (w store.Which, err error) {
	w.RunIDs, w.Org, w.Region = c.RunIDs, c.Org, c.Region
	if c.OlderThan != "" && c.Until != "" {
		return w, errors.New("--older-than and --until cannot be used together: choose one")
	}
	for _, bound := range []struct {
		flag, text string
		into       *time.Time
	}{{"--since", c.Since, &w.Since}, {"--until", c.Until, &w.Until}, {"--older-than", c.OlderThan, &w.Until}} {
		if bound.text == "" {
			continue
		}
		if *bound.into, err = results.ParseTime(bound.text, now); err != nil {
			return w, fmt.Errorf("%s %w", bound.flag, err)
		}
	}
	if len(w.RunIDs) == 0 && w.Query == (results.Query{}) {
		return w, errors.New("name what to delete: --run ID, --org NAME, --region ID, --older-than 90d, --since, --until; --older-than 0s is everything")
	}
	return w, w.Check()
}

// Run deletes.
func (c *deleteCmd) Run(a *app) (err error) {
	which, err := c.which(time.Now())
	if err != nil {
		return err
	}
	s, closeStore, err := c.open(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	if c.DryRun {
		return c.tell(a, s, which)
	}
	noted := c.note(a, s, which)
	n, err := s.Delete(a.ctx, which)
	if n > noted { // some came meanwhile
		s.Note(store.Access{By: operator(), What: store.DeletedResults, Of: c.words(), Results: n - noted})
	}
	if err = errors.Join(err, s.FlushAccess(a.ctx)); err != nil {
		return fmt.Errorf("%d results were deleted, then: %w; give the same command again", n, err)
	}
	fmt.Fprintf(a.stdout, "%d results deleted\n", n)
	return nil
}

// note writes a line into the access log before the deletion, which may be ended at any
// moment and is completed by the night's work. It returns how many results the line says.
func (c *deleteCmd) note(a *app, s *store.Store, which store.Which) (n int) {
	for _, err := range s.Matching(a.ctx, which) {
		if err != nil {
			break // the deletion fails for the same reason, and says so
		}
		n++
	}
	if n > 0 {
		s.Note(store.Access{By: operator(), What: store.DeletedResults, Of: c.words(), Results: n})
		_ = s.FlushAccess(a.ctx) // tried again after the deletion, which makes room on a full disk
	}
	return n
}

// longestList is how many results a dry run names.
const longestList = 20

func (c *deleteCmd) tell(a *app, s *store.Store, which store.Which) error {
	n := 0
	for row, err := range s.Matching(a.ctx, which) {
		if err != nil {
			return err
		}
		if n++; n <= longestList {
			fmt.Fprintf(a.stdout, "%s  %s  %s  %s  %s\n", row.RunID, row.Started.Format("2006-01-02 15:04 UTC"), row.Org, row.Region, row.Machine)
		}
	}
	if n > longestList {
		fmt.Fprintf(a.stdout, "and %d more\n", n-longestList)
	}
	fmt.Fprintf(a.stdout, "%d results would be deleted. Without --dry-run they are deleted and cannot be restored\n", n)
	return nil
}

// words are the flags that say what was deleted, for the access log.
func (c *deleteCmd) words() string {
	var list []string
	for _, id := range c.RunIDs {
		list = append(list, "--run "+id)
	}
	for _, flag := range [][2]string{{"--org", c.Org}, {"--region", c.Region}, {"--since", c.Since}, {"--until", c.Until}, {"--older-than", c.OlderThan}} {
		if flag[1] != "" {
			list = append(list, flag[0]+" "+flag[1])
		}
	}
	return strings.Join(list, " ")
}

// operator names who runs a command, for the access log.
func operator() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return "operator " + name
	}
	if u, err := user.Current(); err == nil {
		return "operator " + u.Username
	}
	return "operator"
}
