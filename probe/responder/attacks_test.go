package responder_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/net/http2"

	"netready/internal/seed"
	"netready/probe/call"
	"netready/probe/internal/wire"
	"netready/probe/responder"
)

// An attack goes on until ctx ends, and counts its bytes.
type attack struct {
	name string
	// reflects: datagrams, which may come in anybody's name: no more may come back than was
	// sent. silent: nothing may come back at all.
	reflects, silent bool
	run              func(ctx context.Context, a *attacker)
}

// attacker is who attacks one responder, with the secrets of a session of his own.
type attacker struct {
	server     *responder.Server
	grant      wire.Grant
	random     *rand.Rand
	sent, back atomic.Int64 // bytes; of connections those above TCP
	tries      atomic.Int64 // datagrams, connections, requests
}

// bytes are n made-up ones behind a head.
func (a *attacker) bytes(n int, head ...byte) []byte {
	b := append([]byte{}, head...)
	for len(b) < n {
		b = append(b, byte(a.random.Uint32()))
	}
	return b
}

// shower sends a datagram a millisecond to a port from one address, and counts
// what comes back there.
func (a *attacker) shower(ctx context.Context, to string, next func() []byte) {
	c, err := net.Dial("udp", to)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer c.Close()
	wg.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, err := c.Read(b)
			if ctx.Err() != nil || err != nil && n == 0 && isClosed(err) {
				return
			}
			a.back.Add(int64(n))
		}
	})
	for tick := time.NewTicker(time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			_ = c.SetReadDeadline(time.Now())
			return
		case <-tick.C:
			n, _ := c.Write(next())
			a.sent.Add(int64(n))
			a.tries.Add(1)
		}
	}
}

func isClosed(err error) bool { return strings.Contains(err.Error(), "closed") }

func (a *attacker) media(next func(a *attacker) func() []byte) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) { a.shower(ctx, a.server.MediaAddr(), next(a)) }
}

// connections opens them one after the other, and does something with each.
func connections(do func(ctx context.Context, a *attacker, c net.Conn)) func(context.Context, *attacker) {
	return func(ctx context.Context, a *attacker) {
		var wg sync.WaitGroup
		defer wg.Wait()
		for i := 0; ctx.Err() == nil && i < 2000; i++ {
			d := net.Dialer{Timeout: time.Second}
			c, err := d.DialContext(ctx, "tcp", a.server.ControlAddr())
			if err != nil {
				continue
			}
			a.tries.Add(1)
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			wg.Go(func() {
				defer stop()
				defer c.Close()
				do(ctx, a, &counted{c, a})
			})
			time.Sleep(2 * time.Millisecond)
		}
	}
}

type counted struct {
	net.Conn
	a *attacker
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.a.back.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.a.sent.Add(int64(n))
	return n, err
}

// secure is a TLS connection to the control port.
func secure(ctx context.Context, c net.Conn, protocol string) (*tls.Conn, bool) {
	s := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}})
	return s, s.HandshakeContext(ctx) == nil
}

func same(b []byte) func() []byte { return func() []byte { return b } }

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// transfersAtOnce is the responder's own bound of bandwidth tests.
const transfersAtOnce = 8

// download begins a bandwidth test and keeps it, reading next to nothing.
func (a *attacker) download(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	for i := 0; ctx.Err() == nil && i < 100; i++ {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+a.server.ControlAddr()+wire.PathSessions+"/"+a.grant.Session+wire.PathDownload+"?bytes=1000000000&seconds=15", nil)
		req.Header.Set("Authorization", "Bearer "+a.server.Invite().Token)
		a.tries.Add(1)
		a.sent.Add(200)
		resp, err := client.Do(req)
		if err != nil {
			return
		}
		for err == nil && resp.StatusCode == http.StatusOK {
			var n int64
			n, err = io.CopyN(io.Discard, resp.Body, 4096)
			a.back.Add(n)
			time.Sleep(20 * time.Millisecond)
		}
		_ = resp.Body.Close()
		time.Sleep(100 * time.Millisecond)
	}
}

// attacks are those of docs/security.md that can be made from loopback.
func attacks() []attack {
	var a attacker
	media := a.media
	return []attack{
		{"garbage at the media port", true, true, media(func(a *attacker) func() []byte {
			return func() []byte { return a.bytes(20 + a.random.IntN(1400)) }
		})},
		{"STUN without integrity", true, true, media(func(a *attacker) func() []byte {
			return func() []byte { return a.bytes(20, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42) }
		})},
		{"STUN with a guessed password", true, true, media(func(a *attacker) func() []byte {
			return func() []byte {
				return must(responder.Padded(wire.NewTransactionID(), a.grant.Calls[0].Username, fmt.Sprint(a.random.Uint64())))
			}
		})},
		{"one authentic check, again and again", true, false, media(func(a *attacker) func() []byte {
			return same(must(responder.Padded(wire.NewTransactionID(), a.grant.Calls[0].Username, a.grant.Calls[0].Password)))
		})},
		{"authentic checks from who never answers", true, false, media(func(a *attacker) func() []byte {
			return func() []byte {
				return must(responder.Padded(wire.NewTransactionID(), a.grant.Calls[0].Username, a.grant.Calls[0].Password))
			}
		})},
		{"RTP with guessed SSRCs", true, true, media(func(a *attacker) func() []byte {
			return func() []byte { return a.bytes(172, 0x80, 0) }
		})},
		{"RTP of a session with wrong tags", true, true, media(func(a *attacker) func() []byte {
			ssrc := a.grant.Calls[0].UpSSRC
			return func() []byte {
				return a.bytes(172, 0x80, 0, 0, 1, 0, 0, 0, 1, byte(ssrc>>24), byte(ssrc>>16), byte(ssrc>>8), byte(ssrc))
			}
		})},
		{"STUN of nothing but attributes, some longer than it is", true, true, media(func(a *attacker) func() []byte {
			return func() []byte {
				b := make([]byte, 20+4*(1+a.random.IntN(340)))
				copy(b, a.bytes(20, 0, 1, byte((len(b)-20)>>8), byte(len(b)-20), 0x21, 0x12, 0xa4, 0x42))
				for i := 20; i < len(b); i += 4 {
					copy(b[i:], []byte{0, 8, 0, byte(a.random.IntN(2) * a.random.IntN(256))}) // MESSAGE-INTEGRITY
				}
				return b
			}
		})},
		{"RTP of a session with CSRCs, an extension and padding beyond its end", true, true, media(func(a *attacker) func() []byte {
			ssrc := a.grant.Calls[0].UpSSRC
			return func() []byte {
				return a.bytes(12+a.random.IntN(170), 0xbf, 0, 0, 1, 0, 0, 0, 1, byte(ssrc>>24), byte(ssrc>>16), byte(ssrc>>8), byte(ssrc))
			}
		})},
		{"forged questions of firewall checks", true, true, media(func(a *attacker) func() []byte {
			return func() []byte { return wire.NewKnock(fmt.Sprintf("%032x", a.random.Uint64())).Marshal("00") }
		})},
		{"one authentic question, again and again", true, false, media(func(a *attacker) func() []byte {
			return same(wire.NewKnock(a.grant.Nonce).Marshal(a.grant.Nonce))
		})},
		{"silent connections", false, false, connections(func(_ context.Context, _ *attacker, c net.Conn) { _, _ = io.Copy(io.Discard, c) })},
		{"TLS handshakes", false, false, connections(func(ctx context.Context, _ *attacker, c net.Conn) { _, _ = secure(ctx, c, "h2") })},
		{"heads that never end", false, false, connections(func(ctx context.Context, _ *attacker, c net.Conn) {
			if s, ok := secure(ctx, c, "http/1.1"); ok {
				_, err := io.WriteString(s, "GET /i HTTP/1.1\r\n")
				for i := 0; err == nil && ctx.Err() == nil; i++ {
					_, err = fmt.Fprintf(s, "X-%d: y\r\n", i)
					time.Sleep(100 * time.Millisecond)
				}
			}
		})},
		{"HTTP/2 PING", false, false, connections(func(ctx context.Context, _ *attacker, c net.Conn) {
			s, ok := secure(ctx, c, "h2")
			if !ok {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, s) }()
			_, err := io.WriteString(s, http2.ClientPreface)
			for f := http2.NewFramer(s, nil); err == nil && ctx.Err() == nil; {
				err = f.WritePing(false, [8]byte{})
			}
		})},
		{"bandwidth tests that are not read, by who holds an invite", false, false, func(ctx context.Context, a *attacker) {
			var wg sync.WaitGroup
			defer wg.Wait()
			for range 2 * transfersAtOnce {
				wg.Go(func() { a.download(ctx) })
			}
		}},
		{"requests with guessed tokens", false, false, func(ctx context.Context, a *attacker) {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 2 * time.Second}
			defer client.CloseIdleConnections()
			for i := 0; ctx.Err() == nil && i < 2000; i++ {
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+a.server.ControlAddr()+wire.PathSessions, nil)
				req.Header.Set("Authorization", fmt.Sprintf("Bearer %x", a.random.Uint64()))
				if resp, err := client.Do(req); err == nil {
					n, _ := io.Copy(io.Discard, resp.Body)
					a.back.Add(n)
					_ = resp.Body.Close()
				}
				a.sent.Add(100)
				a.tries.Add(1)
			}
		}},
	}
}

// Each attack, with an honest call at the same time: nothing is reflected, and the call has
// no loss that the responder's own socket did not report.
func TestAttacksBesideAnHonestCall(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(seed.Of(t), 1))
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\ttries\tbytes sent\tcame back\tlost up\tdown\tjitter up\tdown")
	all := append([]attack{{name: "none"}}, attacks()...)
	rows := make([]string, len(all))
	turns := make(chan struct{}, 3) // so many at once: each waits most of its time
	var wg sync.WaitGroup
	for i, attack := range all {
		random := rand.New(rand.NewPCG(random.Uint64(), 2))
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			rows[i] = attack.besideAnHonestCall(t, random)
		})
	}
	wg.Wait()
	fmt.Fprint(w, strings.Join(rows, ""))
	_ = w.Flush()
	t.Log("\n" + table.String())
}

// besideAnHonestCall makes the attack during an honest call, and returns its row of the
// table.
func (k attack) besideAnHonestCall(t *testing.T, random *rand.Rand) (row string) {
	t.Helper()
	s := begin(t, responder.Limits{})
	own, err := call.Open(t.Context(), s.Invite(), call.Settings{Duration: time.Minute})
	if err != nil {
		t.Error(err)
		return ""
	}
	defer own.Close()
	a := &attacker{server: s, grant: own.Control().Grant(), random: random}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	if k.run != nil {
		wg.Go(func() { k.run(ctx, a) })
	}
	result, _, err := runAt(t.Context(), -1, s.Invite())
	cancel()
	wg.Wait()
	up, down := result.Voice.Up, result.Voice.Down
	if err != nil || up == nil || down == nil {
		t.Errorf("%s: the honest call: %v, %+v", k.name, err, result.NotMeasured)
		return ""
	}
	tries, sent, back := a.tries.Load(), a.sent.Load(), a.back.Load()
	if up.Lost > up.SocketDropped || down.Lost > down.SocketDropped || up.Sent != 50 || down.Sent != 50 {
		t.Errorf("%s: up %d of %d lost, down %d of %d", k.name, up.Lost, up.Sent, down.Lost, down.Sent)
	}
	if k.run != nil && tries == 0 || k.reflects && back > sent || k.silent && back > 0 {
		t.Errorf("%s: %d bytes sent, %d came back", k.name, sent, back)
	}
	return fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", k.name, tries, sent, back, up.Lost, down.Lost, show(up.JitterMS), show(down.JitterMS))
}

func show(ms *float64) string {
	if ms == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f ms", *ms)
}
