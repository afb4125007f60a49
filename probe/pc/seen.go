package pc

import (
	"strings"
	"time"

	"netready/probe/facts"
)

// Seen is what a watch saw.
type Seen struct {
	samples               []sample
	before, after         totals
	powerSaver, onBattery *bool
}

// Second is this machine from one moment to another.
func (s *Seen) Second(from, to time.Duration) facts.PCSecond {
	var p facts.PCSecond
	if busy, all, ok := s.coresBetween(from, to); ok {
		p.CPUPercent, p.BusiestCorePercent = facts.Rounded(&all), facts.Rounded(&busy)
	}
	if steal, ok := s.stealBetween(from, to); ok {
		p.StealPercent = facts.Rounded(&steal)
	}
	seconds := (to - from).Seconds()
	if waited, ok := s.between(from, to, func(x sample) *float64 { return x.pressure }); ok {
		p.PressurePercent = new(facts.Round(min(100, 100*waited/seconds)))
	}
	if waited, ok := s.between(from, to, func(x sample) *float64 { return x.throttled }); ok {
		p.ThrottledMS = new(facts.Round(1000 * waited))
	}
	return p
}

// Traffic is what the interface carried from one moment to another, in Mbit/s.
func (s *Seen) Traffic(from, to time.Duration) (up, down float64, ok bool) {
	sent, ok := s.between(from, to, func(x sample) *float64 {
		if x.traffic == nil {
			return nil
		}
		return &x.traffic.sent
	})
	received, also := s.between(from, to, func(x sample) *float64 {
		if x.traffic == nil {
			return nil
		}
		return &x.traffic.received
	})
	perSecond := 8 / 1e6 / (to - from).Seconds()
	return sent * perSecond, received * perSecond, ok && also
}

// between is by how much a counter went up, by linear interpolation between the readings; not
// ok if the readings do not enclose both moments.
func (s *Seen) between(from, to time.Duration, of func(sample) *float64) (float64, bool) {
	a, ok := s.valueAt(from, of)
	b, also := s.valueAt(to, of)
	return max(0, b-a), ok && also
}

func (s *Seen) valueAt(at time.Duration, of func(sample) *float64) (float64, bool) {
	for i := 1; i < len(s.samples); i++ {
		a, b := s.samples[i-1], s.samples[i]
		if at < a.at || at > b.at || b.at == a.at {
			continue
		}
		x, y := of(a), of(b)
		if x == nil || y == nil {
			return 0, false
		}
		return *x + (*y-*x)*float64(at-a.at)/float64(b.at-a.at), true
	}
	return 0, false
}

// coresBetween is the load of the busiest core and of all, in percent.
func (s *Seen) coresBetween(from, to time.Duration) (busiest, all float64, ok bool) {
	var sumBusy, sumTotal float64
	for i := range s.fewestCores() {
		busy, known := s.between(from, to, func(x sample) *float64 { return &x.cores[i].busy })
		total, also := s.between(from, to, func(x sample) *float64 { return &x.cores[i].total })
		if !known || !also || total <= 0 {
			continue
		}
		ok = true
		busiest = max(busiest, min(100, 100*busy/total))
		sumBusy, sumTotal = sumBusy+busy, sumTotal+total
	}
	if ok {
		all = min(100, 100*sumBusy/sumTotal)
	}
	return busiest, all, ok
}

func (s *Seen) stealBetween(from, to time.Duration) (percent float64, ok bool) {
	if !stealIsTold {
		return 0, false
	}
	var steal, all float64
	for i := range s.fewestCores() {
		one, known := s.between(from, to, func(x sample) *float64 { return &x.cores[i].steal })
		total, also := s.between(from, to, func(x sample) *float64 { return &x.cores[i].total })
		if known && also {
			steal, all, ok = steal+one, all+total, true
		}
	}
	if all <= 0 {
		return 0, false
	}
	return min(100, 100*steal/all), ok
}

// fewestCores is how many cores every reading has: one may be switched off.
func (s *Seen) fewestCores() int {
	if len(s.samples) == 0 {
		return 0
	}
	n := len(s.samples[0].cores)
	for _, x := range s.samples {
		n = min(n, len(x.cores))
	}
	return n
}

// Whole is the summary of a call from started to ended: of its seconds, and of what is not
// measured by seconds.
func (s *Seen) Whole(seconds []*facts.PCSecond, started, ended time.Duration) facts.PC {
	p := facts.PC{ClockSteps: []facts.ClockStep{}, Sleeps: []facts.Sleep{}, PowerSaver: s.powerSaver, OnBattery: s.onBattery}
	for _, one := range seconds {
		if one == nil {
			continue
		}
		most(&p.BusiestCorePercent, one.BusiestCorePercent)
		most(&p.PressurePercent, one.PressurePercent)
		most(&p.StealPercent, one.StealPercent)
		most(&p.ReadLateMaxMS, one.ReadLateMS)
		if one.ThrottledMS != nil {
			sum := *one.ThrottledMS
			if p.ThrottledMS != nil {
				sum += *p.ThrottledMS
			}
			p.ThrottledMS = new(facts.Round(sum))
		}
	}
	s.interruptions(&p, started, ended)
	s.counters(&p)
	p.Reason = notTold(p)
	return p
}

// most keeps the larger of two figures.
func most(kept **float64, other *float64) {
	if other != nil && (*kept == nil || *other > **kept) {
		*kept = other
	}
}

// interruptions are clock steps and sleeps within the call.
func (s *Seen) interruptions(p *facts.PC, started, ended time.Duration) {
	for i := 1; i < len(s.samples); i++ {
		a, b := s.samples[i-1], s.samples[i]
		if b.at < started || a.at > ended {
			continue
		}
		slept := b.suspended - a.suspended
		at := facts.Round((a.at - started).Seconds())
		switch pause := b.at - a.at - sampleEvery; {
		case slept > stopped/2:
			p.Sleeps = append(p.Sleeps, facts.Sleep{AtS: at, ForS: facts.Round(slept.Seconds()), Code: facts.SleepSuspended})
		case pause > stopped:
			p.Sleeps = append(p.Sleeps, facts.Sleep{AtS: at, ForS: facts.Round(pause.Seconds()), Code: facts.SleepStopped})
		}
		if by := b.offset - a.offset - sleptOffMonotonic(slept); by.Abs() > stepped {
			p.ClockSteps = append(p.ClockSteps, facts.ClockStep{AtS: at, ByMS: facts.Round(facts.MS(by))})
		}
	}
}

// counters are those that went up over the call.
func (s *Seen) counters(p *facts.PC) {
	if a, b := s.before.udp, s.after.udp; a != nil && b != nil {
		p.SendErrors, p.ReceiveErrors = new(max(0, b.send-a.send)), new(max(0, b.receive-a.receive))
	}
	if a, b := s.before.traffic, s.after.traffic; a != nil && b != nil {
		p.InterfaceErrors, p.InterfaceDrops = new(max(0, b.errors-a.errors)), new(max(0, b.drops-a.drops))
	}
}

// notTold says which figures the system did not tell.
func notTold(p facts.PC) string {
	var names []string
	for _, f := range []struct {
		name string
		told bool
	}{
		{"busiest_core_percent", p.BusiestCorePercent != nil},
		{"pressure_percent", p.PressurePercent != nil},
		{"steal_percent", p.StealPercent != nil},
		{"throttled_ms", p.ThrottledMS != nil},
		{"read_late_max_ms", p.ReadLateMaxMS != nil},
		{"send_errors", p.SendErrors != nil},
		{"receive_errors", p.ReceiveErrors != nil},
		{"interface_errors", p.InterfaceErrors != nil},
		{"interface_drops", p.InterfaceDrops != nil},
		{"power_saver", p.PowerSaver != nil},
		{"on_battery", p.OnBattery != nil},
	} {
		if !f.told {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "this system does not tell " + strings.Join(names, ", ") + ", or this computer has no such thing"
}
