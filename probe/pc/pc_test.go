package pc

import (
	"testing"
	"time"

	"netready/probe/facts"
)

const second = time.Second

// reading is one of a machine of two cores, the first of which is busy by a share.
func reading(at time.Duration, share float64) sample {
	t := at.Seconds()
	return sample{at: at, cores: []core{{busy: share * t, total: t}, {busy: 0.1 * t, total: t}}, pressure: new(t / 4), traffic: &traffic{sent: 1e6 * t, received: 5e5 * t}}
}

func TestSecondsOfAMachine(t *testing.T) {
	for _, share := range []float64{0, 0.5, 1} {
		s := &Seen{}
		for at := time.Duration(0); at <= 5*second; at += 490 * time.Millisecond {
			s.samples = append(s.samples, reading(at, share))
		}
		got := s.Second(1200*time.Millisecond, 2200*time.Millisecond)
		if want := max(100*share, 10); got.BusiestCorePercent == nil || *got.BusiestCorePercent != want || *got.CPUPercent != (100*share+10)/2 {
			t.Errorf("share %v: %v, want %v", share, *got.BusiestCorePercent, want)
		}
		if got.PressurePercent == nil || *got.PressurePercent != 25 || got.ThrottledMS != nil {
			t.Errorf("pressure %v, throttled %v", got.PressurePercent, got.ThrottledMS)
		}
		up, down, ok := s.Traffic(second, 2*second)
		if !ok || up < 7.99 || up > 8.01 || down < 3.99 || down > 4.01 {
			t.Errorf("traffic %v, %v, %v", up, down, ok)
		}
		if late := s.Second(4500*time.Millisecond, 5500*time.Millisecond); late.CPUPercent != nil {
			t.Errorf("a second that was not seen to its end: %v", *late.CPUPercent)
		}
	}
}

// The clock of a machine is set, the machine sleeps, its program is kept from running: each
// is distinguished from the others.
func TestInterruptionsOfAMachine(t *testing.T) {
	for _, c := range []struct {
		name                      string
		pause, slept, wall        time.Duration
		steps, suspended, stopped int
	}{
		{"nothing", 0, 0, 0, 0, 0, 0},
		{"a busy machine", 300 * time.Millisecond, 0, 0, 0, 0, 0},
		{"the clock is slewed", 0, 0, 10 * time.Millisecond, 0, 0, 0},
		{"the clock is set back", 0, 0, -2 * second, 1, 0, 0},
		{"the clock is set forward", 0, 0, time.Hour, 1, 0, 0},
		{"a sleep", 0, 5 * second, sleptOffMonotonic(5 * second), 0, 1, 0},
		{"stopped", 4 * second, 0, 0, 0, 0, 1},
	} {
		s := &Seen{}
		at, slept, wall := time.Duration(0), time.Duration(0), time.Duration(0)
		for i := range 10 {
			if i == 5 {
				at, slept, wall = at+c.pause, slept+c.slept, wall+c.wall
			}
			s.samples = append(s.samples, sample{at: at, suspended: slept, offset: wall})
			at += sampleEvery
		}
		p := s.Whole(nil, second, 10*second)
		suspended, stopped := 0, 0
		for _, one := range p.Sleeps {
			if one.Code == facts.SleepSuspended {
				suspended++
			} else {
				stopped++
			}
			if one.AtS != 1 {
				t.Errorf("%s: at %v s", c.name, one.AtS)
			}
		}
		if len(p.ClockSteps) != c.steps || suspended != c.suspended || stopped != c.stopped {
			t.Errorf("%s: %+v", c.name, p)
		}
		if p.Reason == "" {
			t.Errorf("%s: figures are missing and nothing says so", c.name)
		}
	}
}

func TestFilesOfTheSystem(t *testing.T) {
	if got := parsePressure("some avg10=0.10 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=1\n"); got == nil || *got != 2.5 {
		t.Errorf("pressure %v", got)
	}
	if got := parseThrottled("usage_usec 1\nnr_throttled 3\nthrottled_usec 1500000\n"); got == nil || *got != 1.5 {
		t.Errorf("throttled %v", got)
	}
	if got := parseThrottled("nr_periods 0\nthrottled_time 2000000000\n"); got == nil || *got != 2 {
		t.Errorf("throttled of version 1: %v", got)
	}
	for text, want := range map[string]string{
		"0::/user.slice\n":                       "/user.slice true",
		"4:memory:/m\n3:cpu,cpuacct:/c\n0::/u\n": "/c false",
		"":                                       " false",
	} {
		path, isV2, _ := parseGroup(text)
		if got := path + map[bool]string{true: " true", false: " false"}[isV2]; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	got := parseUDP("Ip: A B\nIp: 1 2\nUdp: InDatagrams RcvbufErrors SndbufErrors\nUdp: 9 3 4\nUdpLite: RcvbufErrors\nUdpLite: 100\n", "Udp6RcvbufErrors 5\nUdp6SndbufErrors 1\nUdpLite6RcvbufErrors 7\n")
	if got == nil || got.receive != 8 || got.send != 5 {
		t.Errorf("UDP %+v", got)
	}
}

func FuzzFilesOfTheSystem(f *testing.F) {
	f.Add("some total=1\nthrottled_usec 7\n0::/x\nUdp: SndbufErrors\nUdp: 1\nUdp6RcvbufErrors 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []*float64{parsePressure(text), parseThrottled(text)} {
			if got != nil && *got < 0 {
				t.Errorf("%v", *got)
			}
		}
		if path, _, ok := parseGroup(text); ok && path[0] != '/' {
			t.Errorf("path %q", path)
		}
		_ = parseUDP(text, text)
	})
}
