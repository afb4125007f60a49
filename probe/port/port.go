// Package port finds out whether a firewall lets the service through: one
// check per port, each speaking the real protocol, each with a verdict and its
// reason. Silence never counts as proof, nor does the answer of a proxy or an
// impostor.
package port

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/proxy"
	"netready/probe/internal/wire"
	"netready/probe/regions"
)

// A Check asks about one port, or about a range of ports: a row of a region's column. Where
// it names no port, that is the one at which the responder serves the protocol.
type Check = regions.Check

// A Row is the verdict on one check, with what package probe needs to judge the
// connectivity.
type Row struct {
	facts.PortRow
	// Address is what the check went to, the zero one where no address was found
	// or a proxy stood in between.
	Address    netip.Addr
	IsResolver bool // it asked the configured DNS resolver
	// Own are the addresses that the far end sees this machine with, as the detail may
	// tell them: its public ones, and those of its relays.
	Own []netip.AddrPort
}

// A Session is what the checks need from a session with a responder.
type Session struct {
	Nonce     string
	Host      string          // of the responder's listeners
	Media     string          // host:port of its media socket, which answers knocks
	Listeners []wire.Listener // its fixed ports
	// Open asks the responder to open ports for a moment.
	Open func(ctx context.Context, r wire.PortsRequest) (wire.PortsGrant, error)
	// Load asks the responder whether it was too full; nil: nobody can be asked.
	Load func(ctx context.Context) (wire.Load, error)
	// ViaProxy: the control connection comes to the responder from another
	// address than the checks do.
	ViaProxy bool
}

// Options say how to check. Zero fields mean the defaults.
type Options struct {
	Session  *Session       // nil: no responder
	Samples  int            // ports of a range tried in addition to its two ends; 0: DefaultSamples, OnlyEnds: none
	Limit    time.Duration  // for one check; 0: DefaultLimit
	Parallel int            // checks at once; 0: DefaultParallel
	Done     func(Row)      // called as each row is finished, one call at a time; nil: not needed
	Resolver *net.Resolver  // nil: the system's
	Roots    *x509.CertPool // nil: the system's
	NoProxy  bool           // do not use a proxy, as a browser would
	// Proxies are those that a browser would use; nil: by the environment's
	// variables and the system's settings.
	Proxies *proxy.Settings
	Paths   *Paths // what is known of the far ends' round trips; nil: nothing yet
	// Question is a name that a DNS server is asked for; "": one that cannot exist.
	Question string

	pulse    *pulse
	proxies  func() *proxy.Settings
	invented func() []netip.Addr // what the resolver answers for names that do not exist
}

// Defaults of Options.
const (
	// DefaultLimit is for a whole check. Silence becomes a verdict earlier, after six
	// tries; the rest is for what follows a slow connection.
	DefaultLimit    = 7 * time.Second
	DefaultParallel = 128
	DefaultSamples  = 16
	OnlyEnds        = -1
	// MaxSamples is what a responder opens for one session at once, less the ends.
	MaxSamples = 512
)

func (o Options) withDefaults() Options {
	if o.Samples == 0 {
		o.Samples = DefaultSamples
	}
	o.Samples = min(max(o.Samples, 0), MaxSamples)
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Paths == nil {
		o.Paths = &Paths{}
	}
	return o
}

// Run does all the checks at once and returns their rows in the order of the
// checks. It takes as long as the slowest check. A check whose name has IPv4
// and IPv6 addresses gives two rows where this machine has both.
func Run(ctx context.Context, checks []Check, opts Options) []Row {
	opts = opts.withDefaults()
	beating, stop := context.WithCancel(ctx)
	opts.pulse = &pulse{last: time.Now()}
	opts.proxies = sync.OnceValue(func() *proxy.Settings {
		if opts.Proxies != nil {
			return opts.Proxies
		}
		return proxy.System(ctx)
	})
	opts.invented = sync.OnceValue(func() []netip.Addr { return inventedBy(ctx, opts.Resolver) })
	var wg sync.WaitGroup
	wg.Go(func() { opts.pulse.run(beating) })
	rows := checkAll(ctx, checks, opts)
	stop()
	wg.Wait()
	return rows
}

func checkAll(ctx context.Context, checks []Check, opts Options) []Row {
	rows := make([][]Row, len(checks))
	slots := make(chan struct{}, opts.Parallel)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards calls of opts.Done
	for i, check := range checks {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			rows[i] = run(ctx, check, opts)
			if opts.Done == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, row := range rows[i] {
				opts.Done(row)
			}
		})
	}
	wg.Wait()
	var all []Row
	for _, r := range rows {
		all = append(all, r...)
	}
	return all
}

func run(ctx context.Context, check Check, opts Options) []Row {
	started := time.Now()
	found, word, wantsLogin := viaProxies(ctx, check, opts, started)
	if found != nil {
		return []Row{*found}
	}
	targets, verdict := resolve(ctx, check, opts)
	if verdict != nil {
		usualPlace(&check, verdict)
		if wantsLogin != nil {
			verdict, word = wantsLogin, ""
		}
		verdict.detail += word
		return []Row{row(ctx, target{check: check}, *verdict, started)}
	}
	rows := make([]Row, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() {
			o := t.steady(ctx)
			if wantsLogin != nil && o.status == facts.StatusFail {
				o = *wantsLogin
			} else {
				o.detail += word
			}
			rows[i] = row(ctx, t, o, started)
		})
	}
	wg.Wait()
	return rows
}

// outcome is the result of one try at one target.
type outcome struct {
	status, reason, detail, who string
	tested, failed              []int
	foreign                     bool             // somebody else gave an answer
	own                         []netip.AddrPort // as in Row
}

// seenAs notes the addresses that the far end sees this machine with.
func (o outcome) seenAs(own ...netip.AddrPort) outcome {
	o.own = append(o.own, own...)
	return o
}

// by notes who refused.
func (o outcome) by(who string) outcome {
	o.who = who
	return o
}

func passed(detail string) outcome { return outcome{status: facts.StatusPass, detail: detail} }

func failed(reason, detail string) outcome {
	return outcome{status: facts.StatusFail, reason: reason, detail: detail}
}

func notMeasured(reason, detail string) outcome {
	return outcome{status: facts.StatusNotMeasured, reason: reason, detail: detail}
}

func row(ctx context.Context, t target, o outcome, started time.Time) Row {
	if ctx.Err() != nil && o.status != facts.StatusPass {
		o = notMeasured(facts.ReasonStopped, "the run was stopped before this check was finished")
	}
	elapsed := time.Since(started)
	r := Row{Address: t.addr.Addr(), IsResolver: t.isResolver, Own: o.own, PortRow: facts.PortRow{
		Name: t.check.Name, Protocol: t.check.Protocol, Host: t.check.Host, Port: t.check.Port, Ports: t.check.Ports,
		Family: t.family, Required: t.check.Required, Note: t.check.Note,
		Status: o.status, Reason: o.reason, By: o.who, Detail: o.detail, Tested: o.tested, FailedPorts: o.failed,
		ElapsedMS: facts.Milliseconds(&elapsed),
	}}
	if t.via != nil {
		r.Proxy = t.via.Name()
	}
	if t.optional {
		r.Required = false
	}
	return r
}

// methods has one entry per protocol.
var methods = map[string]func(target, context.Context) outcome{
	"tcp": target.tcp, "tls": target.tls, "https": target.https, "http": target.https,
	"stun": target.stun, "stun-tcp": target.stunStream, "stun-tls": target.stunStream,
	"turn": target.turn, "turn-tcp": target.turn, "turn-tls": target.turn,
	"dns": target.dns, "dns-tcp": target.dns,
	"sip": target.sip, "sip-tcp": target.sipStream, "sip-tls": target.sipStream,
	"ntp": target.ntp, "udp": target.udp, "udp-range": target.udpRange,
}

// known reports whether there is a check for a protocol.
func known(protocol string) bool {
	_, ok := methods[protocol]
	return ok
}

func (t target) measure(ctx context.Context) outcome {
	return methods[t.check.Protocol](t, ctx)
}
