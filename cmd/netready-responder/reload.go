package main

import (
	"strings"

	"netready/internal/atomicfile"
	"netready/probe/facts"
	"netready/probe/responder"
)

// reload reads all files again and says what changed. If a file is bad, nothing changes.
func (s *service) reload() {
	now, err := s.asked.load(s.given)
	var own responder.Identity
	if err == nil {
		own, err = identity(now, responder.RereadIdentity)
	}
	var files []responder.File
	if err == nil {
		files, err = downloads(now.Downloads)
	}
	if err != nil {
		s.log.Error("not reloaded, nothing has changed", "reason", err)
		return
	}
	if keys := s.now.needRestart(now); len(keys) > 0 {
		s.log.Warn("these settings need a restart", "settings", strings.Join(keys, ", "))
	}
	before := s.server.Invite().String()
	s.now.MaxSessions, s.now.MaxPerAddress, s.now.MaxCalls = now.MaxSessions, now.MaxPerAddress, now.MaxCalls
	s.now.MaxDuration, s.now.MaxPacketRate, s.now.Drain = now.MaxDuration, now.MaxPacketRate, now.Drain
	s.now.TLSCert, s.now.TLSKey, s.now.InviteFile = now.TLSCert, now.TLSKey, now.InviteFile
	s.now.Downloads, s.now.TokenFile = now.Downloads, now.TokenFile
	s.server.SetFiles(files)
	s.signers.add(facts.KeyID(s.server.SigningKey())) // results signed before are on their way
	s.own = own
	changes := s.server.Reload(s.shown(), s.now.limits())
	if len(changes) == 0 {
		changes = []string{"nothing changed"}
	}
	s.log.Info("reloaded certificate, tokens, limits", "changes", strings.Join(changes, "; "))
	s.rewriteInvite(before)
}

// rewriteInvite writes the invite's file again if the invite changed.
func (s *service) rewriteInvite(before string) {
	if err := s.tellReachable(); err != nil {
		s.log.Error("netready-responder invite names the old key", "reason", err)
	}
	invite := s.server.Invite().String()
	if s.now.InviteFile == "" || invite == before {
		return
	}
	if err := atomicfile.Private(s.now.InviteFile, []byte(invite+"\n")); err != nil {
		s.log.Error("the new invite could not be written: choose another file with invite_file", "reason", err)
	}
}
