package share

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Pace bounds how often something may begin: in total, and for each address and
// prefix, so that one fast client leaves room for others.
type Pace struct {
	all   *rate.Limiter
	every float64 // a second, in all
	burst int

	mu     sync.Mutex // guards the rest
	groups map[netip.Prefix]*rate.Limiter
}

// maxPaces bounds the memory of a Pace.
const maxPaces = 4096

// NewPace allows perSecond a second, and at once as many as in three seconds. One
// address may use half of that, one prefix three quarters.
func NewPace(perSecond float64) *Pace {
	burst := int(3*perSecond) + 1
	return &Pace{all: rate.NewLimiter(rate.Limit(perSecond), burst), every: perSecond, burst: burst, groups: map[netip.Prefix]*rate.Limiter{}}
}

// Allow says whether one more may begin now.
func (p *Pace) Allow(from netip.Addr, now time.Time) bool { return p.AllowN(from, 1, now) }

// AllowN says whether n more may.
func (p *Pace) AllowN(from netip.Addr, n int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var own []*rate.Limiter
	for i, circle := range Circles(from) {
		if !circle.IsValid() {
			continue
		}
		part := 0.75
		if i == 0 {
			part = 0.5
		}
		l := p.of(circle, part, now)
		if l.TokensAt(now) < float64(n) {
			return false
		}
		own = append(own, l)
	}
	if !p.all.AllowN(now, n) {
		return false
	}
	for _, l := range own {
		l.AllowN(now, n)
	}
	return true
}

// of is the limiter of a circle. p.mu is held.
func (p *Pace) of(circle netip.Prefix, part float64, now time.Time) *rate.Limiter {
	if l := p.groups[circle]; l != nil {
		return l
	}
	if len(p.groups) >= maxPaces { // a limiter that is full again is the same as a new one
		maps.DeleteFunc(p.groups, func(_ netip.Prefix, l *rate.Limiter) bool { return l.TokensAt(now) >= float64(l.Burst()) })
	}
	l := rate.NewLimiter(rate.Limit(part*p.every), int(part*float64(p.burst))+1)
	if len(p.groups) < maxPaces {
		p.groups[circle] = l
	}
	return l
}
