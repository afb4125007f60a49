package probe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/responder"
)

// If signing fails, the run is otherwise the same, and says why it has no signature.
func TestFailedSigningSpoilsNoRun(t *testing.T) {
	good, err := responder.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := responder.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other.Certificate, other.Token = good.Certificate, good.Token
	old := responder.Identity{Certificate: good.Certificate, Token: good.Token}
	digests := func(facts.Result) (facts.Digests, error) {
		const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		return facts.Digests{JSON: digest, Text: digest}, nil
	}
	for _, test := range []struct {
		name     string
		identity responder.Identity
		during   func(*responder.Server) // before the digests are asked for
		digests  func(facts.Result) (facts.Digests, error)
		code     string
	}{
		{"signed", good, nil, digests, ""},
		{"a responder of an old version", old, nil, digests, facts.UnsignedOld},
		{"a key that changed during the run", good, func(s *responder.Server) { s.Reload(other, responder.Limits{}) }, digests, facts.UnsignedFailed},
		{"a responder that ended", good, func(s *responder.Server) { _ = s.Close() }, digests, facts.UnsignedFailed},
		{"no digests", good, nil, nil, facts.UnsignedFailed},
		{"not digests", good, nil, func(facts.Result) (facts.Digests, error) { return facts.Digests{JSON: "x"}, nil }, facts.UnsignedFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := responder.Local()
			config.Identity = test.identity
			server, err := responder.Start(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			plan := Plan{Responders: []invite.Invite{server.Invite()}, Duration: time.Second, Codec: "pcmu", Calls: 1, JitterBuffer: 60 * time.Millisecond, Parts: []string{facts.PartVoice}}
			if test.digests != nil {
				plan.Digests = func(r facts.Result) (facts.Digests, error) {
					if test.during != nil {
						test.during(server)
					}
					return test.digests(r)
				}
			}
			r, err := Run(t.Context(), plan)
			if err != nil || !r.Complete || r.Voice.Up == nil || r.Voice.Up.Received == 0 {
				t.Fatalf("%v, complete %v", err, r.Complete)
			}
			if s := r.Signature; s.Code != test.code || (s.Reason == "") != (test.code == "") || (s.Value == "") == (test.code == "") {
				t.Errorf("got %+v, want the code %q", s, test.code)
			}
		})
	}
}

// The reason of a missing signature is written last, and does not name anybody either.
func TestReasonOfNoSignatureNamesNobody(t *testing.T) {
	identity, err := responder.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	config := responder.Local()
	config.Identity = identity
	server, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	plan := Plan{
		Responders: []invite.Invite{server.Invite()}, Duration: time.Second, Codec: "pcmu", Calls: 1, JitterBuffer: 60 * time.Millisecond, Parts: []string{facts.PartVoice}, Anonymous: true,
		Digests: func(facts.Result) (facts.Digests, error) {
			return facts.Digests{}, errors.New("read tcp 192.168.7.5:51234->198.51.100.1:443: connection reset by peer")
		},
	}
	r, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Signature; s.Code != facts.UnsignedFailed || strings.Contains(s.Reason, "192.168") || !strings.Contains(s.Reason, "198.51.100.1:443") {
		t.Errorf("got %+v", s)
	}
}
