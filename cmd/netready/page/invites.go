package page

import (
	"fmt"
	"net"
	"slices"
	"sync"

	"netready/probe/facts"

	"netready/probe/invite"
	"netready/probe/regions"
	"netready/report"
)

// invites are those that runs of this process used, by the responder's host:port, so that
// "Run again" reaches the responder of a result.
type invites struct {
	mu sync.Mutex // guards the rest
	by map[string]invite.Invite
}

// add keeps an invite for the responder's host. Only one that has worked replaces another
// one.
func (i *invites) add(to invite.Invite, worked bool) {
	if to.Host == "" {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.by == nil {
		i.by = map[string]invite.Invite{}
	}
	if worked || i.by[to.Host].Host == "" {
		i.by[to.Host] = to
	}
}

func (i *invites) of(host string) invite.Invite {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.by[host]
}

func (i *invites) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.by)
}

// farEnd chooses where the calls of a run go. typed says that an invite was typed that is
// worth remembering.
func (s *Server) farEnd(req startRequest, remembered invite.Invite) (to FarEnd, typed bool, err error) {
	to, err = readFarEnd(req.Invite)
	switch {
	case err != nil || to.TURN != nil:
		return to, false, err
	case to.Invite.Host != "":
		return to, req.Region != regions.Local, nil
	case req.Responder != "":
		to.Invite, err = s.usedFor(req, remembered)
	case s.cfg.Invite.Host != "":
		to.Invite = s.cfg.Invite
	case req.Region != regions.Local: // with local, nothing may leave this machine unasked
		to.Invite = remembered
	}
	return to, false, err
}

// usedFor finds the invite of the responder that a result was measured with; the
// zero one for the region's own. Results do not hold it: it is a secret.
func (s *Server) usedFor(req startRequest, remembered invite.Invite) (invite.Invite, error) {
	for _, known := range []invite.Invite{s.used.of(req.Responder), s.cfg.Invite, remembered} {
		if known.Host == req.Responder {
			return known, nil
		}
	}
	if at := slices.IndexFunc(s.cfg.Regions, func(r regions.Region) bool { return r.ID == req.Region }); at >= 0 && isOwn(s.cfg.Regions[at], req.Responder) {
		return invite.Invite{}, nil
	}
	return invite.Invite{}, fmt.Errorf("that result was measured with the responder %s, and results contain no invite: paste the invite of that responder here, or leave this empty, and press Start", req.Responder)
}

// hasWorked says whether a run placed a call with its invite, or heard that the responder
// is full, which a responder says only to a valid invite.
func hasWorked(r report.Report, err error) bool {
	if err != nil || r.Region.Responder == "" {
		return false
	}
	busy := slices.ContainsFunc(r.NotMeasured, func(n facts.NotMeasured) bool { return n.Code == facts.CodeBusy })
	return r.Voice.Mode == facts.ModeResponder || busy
}

// learn keeps the invite of a run that has ended: for running it again and, if it
// was typed and has worked, for the next time.
// Credentials of a TURN server are for minutes: there is no next time for them.
func (s *Server) learn(to invite.Invite, typed bool, r report.Report, err error) {
	worked := hasWorked(r, err)
	s.used.add(to, worked)
	if !worked || !typed {
		return // an invite of the command line is not stored
	}
	_ = s.memory.change(func(f *form) { f.Invite = to.String() }) // the next time it is pasted once more
}

// isOwn says whether a responder belongs to the region: one of its list or, in region
// local, the one inside netready, whose port changes each time.
func isOwn(r regions.Region, responder string) bool {
	if r.ID == regions.Local {
		host, _, _ := net.SplitHostPort(responder)
		return net.ParseIP(host).IsLoopback()
	}
	return slices.ContainsFunc(r.Responders, func(own invite.Invite) bool { return own.Host == responder })
}
