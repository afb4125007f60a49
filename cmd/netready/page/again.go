package page

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"netready/probe/facts"

	"netready/probe/ice"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/report"
)

// invites are those that runs of this process used, by the responder's
// host:port, so that "Run again" reaches the responder that a result is of.
type invites struct {
	mu sync.Mutex // guards the rest
	by map[string]string
}

// add keeps an invite for the responder's host. One that has worked takes the
// place of another; one that has not never does.
func (i *invites) add(invite string, worked bool) {
	if invite == "" {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.by == nil {
		i.by = map[string]string{}
	}
	if host := inviteHost(invite); worked || i.by[host] == "" {
		i.by[host] = invite
	}
}

func (i *invites) of(host string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.by[host]
}

func (i *invites) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.by)
}

// invite chooses the one to run with; "" for the region's own responder.
func (s *Server) invite(req startRequest, remembered string) (string, error) {
	typed := strings.TrimSpace(req.Invite)
	if typed == "" && req.Responder != "" {
		return s.inviteAgain(req, remembered)
	}
	invite := cmp.Or(typed, s.cfg.Invite)
	if req.Region != localRegion { // there, one of the last time does not count: nothing is to leave this machine unasked
		invite = cmp.Or(invite, remembered)
	}
	return invite, nil
}

// inviteAgain finds the invite of the responder that a result was measured
// with. Results do not hold it: it is a secret.
func (s *Server) inviteAgain(req startRequest, remembered string) (string, error) {
	if used := s.used.of(req.Responder); used != "" {
		return used, nil
	}
	for _, known := range []string{s.cfg.Invite, remembered} {
		if known != "" && inviteHost(known) == req.Responder {
			return known, nil
		}
	}
	if at := slices.IndexFunc(s.cfg.Regions, func(r regions.Region) bool { return r.ID == req.Region }); at >= 0 && isOwn(s.cfg.Regions[at], req.Responder) {
		return "", nil
	}
	return "", fmt.Errorf("that result was measured with the responder %s, whose invite is not kept in results: paste it here, or leave this empty, and press Start", req.Responder)
}

// hasWorked tells whether a run came to a call with its invite, or was told that
// the responder is full, which only a good invite is.
func hasWorked(r report.Report, err error) bool {
	if err != nil || r.Region.Responder == "" {
		return false
	}
	busy := slices.ContainsFunc(r.NotMeasured, func(n facts.NotMeasured) bool { return n.Code == facts.CodeBusy })
	return r.Voice.Mode == facts.ModeResponder || busy
}

// learn keeps the invite of a run that has ended: for running it again and, if it
// was typed and has worked, for the next time.
func (s *Server) learn(invite string, typed bool, r report.Report, err error) {
	if ice.IsList(invite) {
		return // credentials for minutes: there is no next time for them
	}
	worked := hasWorked(r, err)
	s.used.add(invite, worked)
	if !worked || !typed {
		return // one of the command line is not ours to keep
	}
	_ = s.memory.change(func(f *form) { f.Invite = invite }) // the next time it is pasted once more
}

// isOwn tells whether a responder is the region's: one of its list or, in
// region local, the one inside netready, whose port is another each time.
func isOwn(r regions.Region, responder string) bool {
	if r.ID == localRegion {
		host, _, _ := net.SplitHostPort(responder)
		return net.ParseIP(host).IsLoopback()
	}
	return slices.ContainsFunc(r.Responders, func(own invite.Invite) bool { return own.Host == responder })
}
