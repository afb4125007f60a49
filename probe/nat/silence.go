package nat

import (
	"context"
	"net"
	"net/netip"
	"time"

	"netready/probe/internal/wire"
)

// SilenceOptions say whom to ask for Silence.
type SilenceOptions struct {
	Nonce string
	Knock string        // host:port of a UDP port of the responder that answers delayed knocks
	For   time.Duration // 0: 30 s, what RFC 4787 REQ-5 has as the bare minimum of a session in use
}

// Silence finds out whether a mapping lives through 30 s of silence: the
// responder is asked to answer only then. It takes that long, and some five
// seconds more. nil: not measured, and why.
func Silence(ctx context.Context, o SilenceOptions) (survives *bool, reason string) {
	if o.For == 0 {
		o.For = 30 * time.Second
	}
	if o.Knock == "" {
		return nil, "survival of silence needs a responder that answers later"
	}
	at, err := resolve(ctx, o.Knock)
	if err != nil {
		return nil, err.Error()
	}
	conn, _, err := listenTowards(at)
	if err != nil {
		return nil, err.Error()
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	s := silence{conn: conn, at: at, o: o, buffer: make([]byte, 2048)}
	if !s.reaches(ctx) {
		return nil, "survival of silence could not be measured: the responder did not answer over UDP"
	}
	asked := s.askLater()
	came, early := s.listen(asked, o.For)
	switch {
	case ctx.Err() != nil:
		return nil, "survival of silence was not measured: the run ended first"
	case early:
		return nil, "survival of silence could not be measured: the responder answers at once"
	case !came && !s.reaches(ctx):
		return nil, "survival of silence could not be measured: the responder does not answer any more"
	}
	return &came, ""
}

type silence struct {
	conn   *net.UDPConn
	at     netip.AddrPort
	o      SilenceOptions
	buffer []byte
}

// reaches knocks up to five times.
func (s *silence) reaches(ctx context.Context) bool {
	for range 5 {
		k := wire.NewKnock(s.o.Nonce)
		_, _ = s.conn.WriteToUDPAddrPort(k.Marshal(s.o.Nonce), s.at)
		if s.wait(map[[16]byte]bool{k.Random: true}, time.Now().Add(spacing)) {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return false
}

// askLater asks three times over, since each question and each answer may be
// lost, for an answer after the silence.
func (s *silence) askLater() map[[16]byte]bool {
	asked := map[[16]byte]bool{}
	for range 3 {
		k := wire.NewKnock(s.o.Nonce)
		k.Delay = s.o.For
		asked[k.Random] = true
		_, _ = s.conn.WriteToUDPAddrPort(k.Marshal(s.o.Nonce), s.at)
	}
	return asked
}

// listen waits for one of the answers. early: it did not wait as it was asked to.
func (s *silence) listen(asked map[[16]byte]bool, silent time.Duration) (came, early bool) {
	started := time.Now()
	came = s.wait(asked, started.Add(silent+3*time.Second))
	return came, came && time.Since(started) < silent-silent/10
}

func (s *silence) wait(asked map[[16]byte]bool, until time.Time) bool {
	_ = s.conn.SetReadDeadline(until)
	for {
		n, _, err := s.conn.ReadFromUDPAddrPort(s.buffer)
		if err != nil {
			return false
		}
		if a, ok := wire.ParseKnockAnswer(s.buffer[:n], s.o.Nonce); ok && asked[a.Random] {
			return true
		}
	}
}
