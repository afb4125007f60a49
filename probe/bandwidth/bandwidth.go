// Package bandwidth measures the throughput of the HTTPS connection to the
// responder, after the call so that it does not disturb it.
package bandwidth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/control"
	"netready/probe/internal/dial"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// A Link is what the test needs of the control connection.
type Link interface {
	Download(ctx context.Context, ticket string, most int64, d time.Duration) (io.ReadCloser, error)
	Upload(ctx context.Context, ticket string, r io.Reader) (wire.UploadResult, error)
}

// Settings bound a test; the zero value means the defaults.
type Settings struct {
	For  time.Duration // each way; 0: 3 s
	Most int64         // bytes each way; 0: 512 MiB, 1.4 Gbit/s for 3 s
	Call float64       // bits a second that a call takes on the wire; 0: calls are not counted
	// Times is how often a transfer that fills a line is repeated if it ends before For,
	// since the far end bounds each transfer; 0: once.
	Times int
	// RTT is the round trip of the connection; 0: not known. Where it is long, TCP needs more
	// than the second that is left out to get up to speed.
	RTT  time.Duration
	Wait time.Duration // for the turn of each way, where the responder has too many such tests; 0: a minute
}

const (
	defaultFor  = 3 * time.Second
	defaultMost = 512 << 20
	defaultWait = time.Minute
	// grace is how long a far end may continue after For before the test is stopped, and
	// answerGrace how long its answer to an upload may take: what buffers on the way hold
	// arrives before it.
	grace       = 3 * time.Second
	answerGrace = 10 * time.Second
	slowGrace   = 15 * time.Second // on a slow path
)

// Run measures the throughput down, then up: the delivered payload of HTTPS only, without
// the first second (TCP's slow start) where the rest is at least as long. The far end
// bounds both in bytes and time too. nil is not measured, and Reason says why.
func Run(ctx context.Context, link Link, s Settings) facts.Bandwidth {
	if s.For <= 0 {
		s.For = defaultFor
	}
	if s.Most <= 0 {
		s.Most = defaultMost
	}
	if s.Wait <= 0 {
		s.Wait = defaultWait
	}
	var r facts.Bandwidth
	var errs []error
	if bits, err := s.inTurn(ctx, link, down); err == nil {
		r.DownMbps, r.CallsDown = s.figures(bits)
		r.DownAtLeast = s.tooShort(bits)
	} else {
		errs = append(errs, fmt.Errorf("down: %w", err))
	}
	if bits, err := s.inTurn(ctx, link, up); err == nil {
		r.UpMbps, r.CallsUp = s.figures(bits)
		r.UpAtLeast = s.tooShort(bits)
	} else {
		errs = append(errs, fmt.Errorf("up: %w", err))
	}
	if r.UpAtLeast || r.DownAtLeast {
		r.Note = fmt.Sprintf("a round trip of %v bounds what one transfer of %v can show: the line carries this much or more",
			s.RTT.Round(time.Millisecond), s.For)
	}
	switch {
	case len(errs) == 0:
	case ctx.Err() != nil: // after Ctrl-C the errors contain only Go's own words
		r.Reason = "the run was stopped before it was finished"
	default:
		r.Reason = strings.ReplaceAll(errors.Join(errs...).Error(), "\n", ", ")
	}
	return r
}

// figures are the throughput and the calls that would fit into it.
func (s Settings) figures(bitsPerSecond *float64) (mbps *float64, calls *int) {
	if bitsPerSecond == nil {
		return nil, nil
	}
	if s.Call > 0 {
		calls = new(int(math.Floor(*bitsPerSecond / s.Call)))
	}
	return new(facts.Round(*bitsPerSecond / 1e6)), calls
}

const (
	// firstWindow is what TCP sends before the first answer: 10 segments (RFC 6928).
	firstWindow = 10 * 1460
	// mostInFlight is near the window of HTTP/2 (4 MiB) at both ends, and near the buffers
	// that systems give TCP: where so much is on the way, they set the throughput.
	mostInFlight = 3 << 20
)

// tooShort says whether a throughput is that of TCP's start, and no more than a lower bound of
// the line's: TCP doubles what it has in flight each round trip (RFC 5681), and that took
// longer than the time that is left out; or what is in flight is as much as there is room for.
func (s Settings) tooShort(bitsPerSecond *float64) bool {
	if bitsPerSecond == nil || s.RTT <= 0 {
		return false
	}
	inFlight := *bitsPerSecond / 8 * s.RTT.Seconds()
	starting := s.RTT.Seconds() * math.Log2(max(1, inFlight/firstWindow))
	return starting > wire.StartUp.Seconds() || s.RTT > s.For/2 || inFlight > mostInFlight
}

// Gaps names what was not measured: all of it, or the one direction that failed.
func Gaps(b facts.Bandwidth) []string {
	switch {
	case b.UpMbps == nil && b.DownMbps == nil:
		return []string{"bandwidth"}
	case b.UpMbps == nil:
		return []string{"bandwidth.up_mbps", "bandwidth.calls_up"}
	case b.DownMbps == nil:
		return []string{"bandwidth.down_mbps", "bandwidth.calls_down"}
	}
	return nil
}

// inTurn measures one direction, again when the responder says that it has to wait.
func (s Settings) inTurn(ctx context.Context, link Link, way func(context.Context, Link, string, Settings) (*float64, error)) (*float64, error) {
	begun, ticket := stamp.Now(), ""
	for {
		bits, err := way(ctx, link, ticket, s)
		busy, is := errors.AsType[*control.Busy](err)
		if !is || stamp.Now()+busy.After-begun > s.Wait {
			return bits, err
		}
		select {
		case <-time.After(busy.After):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ticket = busy.Ticket
	}
}

func down(outer context.Context, link Link, ticket string, s Settings) (*float64, error) {
	ctx, cancel := dial.NewTerm(outer, s.For+grace, s.For+slowGrace, nil)
	defer cancel()
	asked := stamp.Now()
	body, err := link.Download(ctx, ticket, s.Most, s.For)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	ctx.Grant(s.For + grace + stamp.Now() - asked) // on a slow path TCP takes several round trips to begin
	b := make([]byte, 256<<10)
	var c wire.Counted
	for {
		n, err := body.Read(b)
		if n > 0 {
			c.Add(n, stamp.Now())
		}
		if errors.Is(err, io.EOF) || c.All() > s.Most {
			return perSecond(c.Rate())
		}
		switch {
		case err == nil:
		case outer.Err() == nil && (c.For() >= s.For || ctx.Err() != nil && 2*c.For() >= s.For):
			return perSecond(c.Rate()) // a slow line: the far end, or the time, has ended it before all had arrived
		default:
			return nil, err
		}
	}
}

func up(ctx context.Context, link Link, ticket string, s Settings) (*float64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.For+answerGrace)
	defer cancel()
	source := &source{end: stamp.Now() + s.For, left: s.Most}
	_, _ = rand.Read(source.bytes[:]) // never fails; nothing on the way can compress it
	began := stamp.Now()
	got, err := link.Upload(ctx, ticket, source)
	if err != nil {
		return nil, err
	}
	// The far end cannot have received more than was sent, nor for longer than it took.
	if got.Bytes < 0 || got.Bytes > s.Most-source.left || got.Elapsed < 0 || got.Elapsed > stamp.Now()-began {
		return nil, errImpossible
	}
	return perSecond(got.Bytes, got.Elapsed)
}

// source gives random bytes, bounded by time and number.
type source struct {
	end   time.Duration
	left  int64
	bytes [256 << 10]byte
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.left <= 0 || stamp.Now() >= s.end {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), s.left)], s.bytes[:])
	s.left -= int64(n)
	return n, nil
}

var errImpossible = errors.New("the responder reports more than was sent")

var errTooLittle = errors.New("too little arrived to tell")

func perSecond(bytes int64, elapsed time.Duration) (*float64, error) {
	const enough = 50 * time.Millisecond
	if bytes == 0 || elapsed < enough {
		return nil, errTooLittle
	}
	return new(8 * float64(bytes) / elapsed.Seconds()), nil
}

// FillDown fills the line to this machine until ctx ends, For at most, and
// returns its throughput in Mbit/s; nil: nothing flowed.
func FillDown(ctx context.Context, link Link, s Settings) *float64 {
	return s.fill(ctx, func(ctx context.Context, left time.Duration) (n int64) {
		body, err := link.Download(ctx, "", s.most(), left)
		if err != nil {
			return 0
		}
		defer body.Close()
		n, _ = io.Copy(io.Discard, io.LimitReader(body, s.most())) // what arrived counts, however it ended
		return n
	})
}

// FillUp fills the line from this machine until ctx ends, For at most, and
// returns its throughput in Mbit/s; nil: nothing flowed.
func FillUp(ctx context.Context, link Link, s Settings) *float64 {
	return s.fill(ctx, func(ctx context.Context, left time.Duration) int64 {
		source := &source{end: stamp.Now() + left, left: s.most()}
		_, _ = rand.Read(source.bytes[:])   // never fails; nothing on the way can compress it
		_, _ = link.Upload(ctx, "", source) // what was taken counts, however it ended
		return s.most() - source.left
	})
}

// fillMost bounds one transfer that fills a line: as much as a responder grants.
const fillMost = 1 << 30

func (s Settings) most() int64 {
	if s.Most > 0 {
		return s.Most
	}
	return fillMost
}

// fill makes transfers one after the other.
func (s Settings) fill(ctx context.Context, transfer func(context.Context, time.Duration) int64) *float64 {
	ctx, cancel := context.WithTimeout(ctx, s.For+grace)
	defer cancel()
	began := stamp.Now()
	var all int64
	for range max(s.Times, 1) {
		left := began + s.For - stamp.Now()
		if left <= 0 || ctx.Err() != nil {
			break
		}
		all += transfer(ctx, left)
	}
	bits, err := perSecond(all, stamp.Now()-began)
	if err != nil {
		return nil
	}
	return new(*bits / 1e6)
}
