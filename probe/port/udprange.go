package port

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"netready/probe/facts"
)

// udpRange tries ports of a range, which the responder opens just before: the two ends
// and some at random.
func (t target) udpRange(ctx context.Context) outcome {
	low, high, err := parseRange(t.check.Ports)
	if err != nil {
		return notMeasured(facts.ReasonUnknown, err.Error())
	}
	if t.session.Open == nil {
		return notMeasured(facts.ReasonNoResponder, "the responder cannot open ports")
	}
	began := time.Now()
	ports, verdict := t.open(ctx, sample(low, high, t.opts.Samples))
	t.accepted(time.Since(began))
	if verdict != nil {
		return *verdict
	}
	return t.rangeVerdict(ports, t.knockAll(ctx, ports))
}

func (t target) knockAll(ctx context.Context, ports []int) []outcome {
	outcomes := make([]outcome, len(ports))
	var wg sync.WaitGroup
	for i, port := range ports {
		wg.Go(func() {
			one := t
			one.addr = netip.AddrPortFrom(t.addr.Addr(), uint16(port))
			outcomes[i] = one.knock(ctx)
		})
	}
	wg.Wait()
	return outcomes
}

// rangeVerdict summarises the ports: all open, none, or some, with those that failed.
func (t target) rangeVerdict(ports []int, outcomes []outcome) outcome {
	o := outcome{tested: slices.Clone(ports)}
	reasons := map[string]int{}
	var worst outcome
	for i, one := range outcomes {
		if one.status == facts.StatusPass {
			continue
		}
		o.failed = append(o.failed, ports[i])
		reasons[one.reason]++
		if reasons[one.reason] > reasons[worst.reason] {
			worst = one
		}
	}
	o.foreign = worst.foreign
	slices.Sort(o.tested)
	slices.Sort(o.failed)
	switch {
	case len(o.failed) == 0:
		o.status, o.detail = facts.StatusPass, fmt.Sprintf("%d of %d tried ports open", len(ports), len(ports))
	case len(o.failed) == len(ports):
		o.status, o.reason, o.who = facts.StatusFail, worst.reason, worst.who
		o.detail = fmt.Sprintf("none of %d tried ports is open (%s)", len(ports), worst.closing())
	default:
		o.status, o.reason, o.who = facts.StatusFail, facts.ReasonPartly, worst.who
		are := "are"
		if len(o.failed) == 1 {
			are = "is"
		}
		o.detail = fmt.Sprintf("%d of %d tried ports %s closed: %s (%s)", len(o.failed), len(ports), are, List(o.failed), worst.closing())
	}
	return o
}

// closing says in a few words how most of the failed ports failed.
func (o outcome) closing() string {
	switch {
	case o.who == facts.ByThisMachine:
		return "this machine's own firewall or security software forbids it"
	case o.reason == facts.ReasonProhibited:
		return "a firewall forbids it"
	}
	switch o.reason {
	case facts.ReasonNoReply:
		return "no answer came back, though the responder listens there"
	case facts.ReasonRefused:
		return "refused by something in between, as the responder listens there"
	case facts.ReasonUnreachable:
		return "there is no route to it"
	case facts.ReasonHijacked:
		return "somebody in between answers in the responder's place"
	}
	return "no proof came back that the responder was reached"
}

// mostSamples is how many ports of a range are tried at most.
const mostSamples = 512

// sample is the two ends and n ports between them at random, each once.
func sample(low, high, n int) []int {
	ports := []int{low}
	if high > low {
		ports = append(ports, high)
	}
	n = min(n, max(0, high-low-1), mostSamples)
	drawn := map[int]bool{}
	for len(drawn) < n {
		drawn[low+1+rand.IntN(high-low-1)] = true
	}
	for p := range drawn {
		ports = append(ports, p)
	}
	slices.Sort(ports)
	return ports
}

// parseRange reads 16384-65535, or a single port.
func parseRange(s string) (low, high int, err error) {
	from, to, isRange := strings.Cut(strings.TrimSpace(s), "-")
	if !isRange {
		to = from
	}
	low, err = strconv.Atoi(strings.TrimSpace(from))
	if err == nil {
		high, err = strconv.Atoi(strings.TrimSpace(to))
	}
	if err != nil || low < 1 || high > 65535 || low > high {
		return 0, 0, fmt.Errorf("%q is not a range of ports; write it as 16384-65535", s)
	}
	return low, high, nil
}

// List is a list of ports in words: 1, 2, 5.
func List(ports []int) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", ")
}

func firstOf(failed map[int]string) string {
	for port, why := range failed {
		return fmt.Sprintf("%d: %s", port, why)
	}
	return "it gave no reason"
}
