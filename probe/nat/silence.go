package nat

import (
	"context"
	"net"
	"net/netip"
	"time"

	"netready/probe/internal/wire"
)

// SilenceOptions say which responder Silence asks.
type SilenceOptions struct {
	Nonce string
	Knock string        // host:port of a UDP port of the responder that answers delayed knocks
	For   time.Duration // 0: 30 s, well under the two minutes of RFC 4787 REQ-5
}

// Silence finds out whether the mapping of a call on hold survives 30 s of silence:
// packets go both ways for some seconds, then the responder is asked to answer only
// after that time. It takes that long, and about six seconds more. nil: not
// measured, and why.
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
	if !s.speaks(ctx) {
		return nil, "survival of silence could not be measured: the responder did not answer over UDP"
	}
	asked := s.askLater()
	came, early := s.listen(ctx, asked, o.For)
	switch {
	case ctx.Err() != nil:
		return nil, "survival of silence was not measured: the run ended first"
	case early:
		return nil, "survival of silence could not be measured: the responder answers at once"
	case !came && !s.reaches(ctx):
		return nil, "survival of silence was not measured: the responder stopped answering"
	}
	return &came, ""
}

type silence struct {
	conn   *net.UDPConn
	at     netip.AddrPort
	o      SilenceOptions
	buffer []byte
	trip   time.Duration // the slowest answer before the silence
}

// speaking is how many knocks make a mapping like that of a current call. A NAT keeps
// a new mapping for a shorter time: Linux for 30 s, and for 120 s once packets have
// gone both ways for more than 2 s.
const speaking = 4 // a spacing each, 2.8 s in all

// speaks exchanges knocks for a while. It fails if none is answered.
func (s *silence) speaks(ctx context.Context) (answered bool) {
	for range speaking {
		due := time.NewTimer(spacing)
		answered = s.reaches(ctx) || answered
		select {
		case <-due.C:
		case <-ctx.Done():
			return false
		}
		if !answered {
			return false
		}
	}
	return answered
}

// reaches knocks up to five times. An answer to any of the knocks counts.
func (s *silence) reaches(ctx context.Context) bool {
	const knocks = 5
	asked, began := map[[16]byte]bool{}, time.Now()
	for i := range knocks {
		k := wire.NewKnock(s.o.Nonce)
		asked[k.Random] = true
		_, _ = s.conn.WriteToUDPAddrPort(k.Marshal(s.o.Nonce), s.at)
		if s.wait(ctx, asked, time.Now().Add(waitAfter(i, knocks, false))) {
			s.trip = max(s.trip, time.Since(began))
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return false
}

// askLater asks for an answer after the silence, three times, since each question and
// each answer may be lost.
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

// afterSilence is how long the answer is awaited once the silence is over, on a path whose
// slowest answer took so long: that of the question, of the answer, and to spare.
func afterSilence(trip time.Duration) time.Duration {
	const quick, slowest = 3 * time.Second, 5 * time.Second
	return quick + 2*min(max(trip, 0), slowest)
}

// listen waits for one of the answers. early: it came before the silence was over.
func (s *silence) listen(ctx context.Context, asked map[[16]byte]bool, silent time.Duration) (came, early bool) {
	started := time.Now()
	came = s.wait(ctx, asked, started.Add(silent+afterSilence(s.trip)))
	return came, came && time.Since(started) < silent-silent/10
}

// wait reads until one of the answers arrives. The end of ctx also sets a deadline,
// which must not be overwritten.
func (s *silence) wait(ctx context.Context, asked map[[16]byte]bool, until time.Time) bool {
	if s.conn.SetReadDeadline(until) != nil || ctx.Err() != nil {
		return false
	}
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
