package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"netready/probe/invite"
	"netready/report/merge"
	"netready/results"
	"netready/results/fetch"
)

// readVariable of the environment holds an invite that reads, so that it is in no list of
// processes.
const readVariable = "NETREADY_READ"

// askResponder is what to do instead of naming a store.
const askResponder = "give the https link of the responder that uses this store, the line that netready-responder invite --read prints; this program has no access to a store of its own"

// responders are those among the sources of a merge.
type responders struct {
	app   *app
	query results.Query
	known map[string]fetch.Source // by argument
}

// sources checks the arguments, and takes the environment's link where there is none.
func (r *responders) sources(arguments []string) ([]string, error) {
	if len(arguments) == 0 {
		link := os.Getenv(readVariable)
		if link == "" {
			return nil, fmt.Errorf("nothing to merge: give result files, folders, archives or the link of a responder (also as %s in the environment)", readVariable)
		}
		if _, ok, err := r.find(link); !ok && err == nil {
			return nil, fmt.Errorf("%s has no link of a responder: set it to the line that netready-responder invite --read prints, or to @ and the name of a file that has this line", readVariable)
		}
		arguments = []string{link}
	}
	for _, argument := range arguments {
		if _, _, err := r.find(argument); err != nil {
			return nil, err
		}
	}
	return arguments, nil
}

// elsewhere is for merge.Merge: the store that an argument or a line of a list names.
func (r *responders) elsewhere(argument string) (merge.Place, bool) {
	from, ok, err := r.find(argument)
	if err != nil {
		return merge.Place{Name: invite.Hide(argument), Items: func(context.Context, func(string) bool) iter.Seq2[merge.Item, error] {
			return func(yield func(merge.Item, error) bool) { yield(merge.Item{}, err) }
		}}, true
	}
	return from.Place(), ok
}

// find is the responder that an argument names, if it names one.
func (r *responders) find(argument string) (from fetch.Source, ok bool, err error) {
	if from, ok := r.known[argument]; ok {
		return from, true, nil
	}
	to, ok, err := r.link(argument)
	if !ok || err != nil {
		return from, ok, err
	}
	if to.Token == "" {
		return from, true, fmt.Errorf("the link to %s has no token: give the whole line that netready-responder invite --read printed, or put it into the environment as %s", to.Host, readVariable)
	}
	if r.known == nil {
		r.known = map[string]fetch.Source{}
	}
	from = fetch.Source{Invite: to, Query: r.query}
	r.known[argument] = from
	return from, true, nil
}

// link reads an argument: a link, or @FILE that holds one. Anything else is a file's name.
func (r *responders) link(argument string) (to invite.Invite, ok bool, err error) {
	if strings.HasPrefix(argument, "@") {
		if _, err := os.Stat(argument); err == nil {
			return to, false, nil // a source of that name
		}
		to, err = readInvite(argument, r.app)
		return to, true, err
	}
	scheme, rest, ok := strings.Cut(argument, "://")
	switch {
	case !ok || strings.ContainsAny(scheme, `/\`):
		return to, false, nil
	case !strings.EqualFold(scheme, "https"):
		return to, true, fmt.Errorf("%s://… cannot be read from here: %s", scheme, askResponder)
	}
	if host := strings.TrimSuffix(rest, "/"); !strings.ContainsAny(host, "/#?") {
		to, err = invite.Parse(host)
		return r.withSecrets(to), true, err
	}
	to, err = invite.Parse(argument)
	return to, true, err
}

// withSecrets is a host:port with the token and pins that the environment has for it.
func (r *responders) withSecrets(to invite.Invite) invite.Invite {
	whole, err := readInvite(os.Getenv(readVariable), r.app)
	if err == nil && whole.Host == to.Host {
		return whole
	}
	return to
}

// query reads the flags that say which runs are merged.
func (c *mergeCmd) query(now time.Time) (q results.Query, err error) {
	q.Org, q.Region = c.Org, c.Region
	if c.Since != "" {
		if q.Since, err = results.ParseTime(c.Since, now); err != nil {
			return q, fmt.Errorf("--since %w", err)
		}
	}
	if c.Until != "" {
		if q.Until, err = results.ParseTime(c.Until, now); err != nil {
			return q, fmt.Errorf("--until %w", err)
		}
	}
	if err := q.Check(); err != nil {
		return q, fmt.Errorf("--since and --until: %w", err)
	}
	return q, nil
}
