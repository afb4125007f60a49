package stream

import (
	"testing"
	"time"
)

func TestSeconds(t *testing.T) {
	tr := arrivals(120, except(120, 3, 55, 56)...)
	for i := range tr.Arrivals {
		if tr.Arrivals[i].Seq >= 100 {
			tr.Arrivals[i].Received += 100 * ms
		}
	}
	tr.Arrivals = append(tr.Arrivals, tr.Arrivals[0])
	got := Seconds(tr, 60*ms)
	if len(got) != 3 {
		t.Fatalf("got %d seconds, want 3", len(got))
	}
	want := []struct {
		sent, lost, discarded int
		delay                 float64
	}{{50, 1, 0, 0}, {50, 2, 0, 0}, {20, 0, 20, 100}}
	for i, w := range want {
		s := got[i]
		if s.Sent != w.sent || s.Lost != w.lost || s.Discarded != w.discarded {
			t.Errorf("second %d: got %+v, want %+v", i, s, w)
		}
		wantDuration(t, "delay", s.Delay, w.delay)
	}
	wantDuration(t, "jitter", got[0].Jitter, 0)
	if *got[2].Jitter == 0 || *got[2].Jitter > 100*ms/16 {
		t.Errorf("jitter after the step: got %v", *got[2].Jitter)
	}
}

func TestSecondsWithoutArrivals(t *testing.T) {
	got := Seconds(Trace{Sent: 75, PacketTime: 20 * ms}, 60*ms)
	if len(got) != 2 || got[1].Lost != 25 || got[1].Jitter != nil || got[1].Delay != nil {
		t.Errorf("got %+v, want two seconds, all lost, nothing measured", got)
	}
	if got := Seconds(Trace{}, 60*ms); got != nil {
		t.Errorf("nothing sent: got %+v, want nil", got)
	}
}

func TestSecondsOfSlowPackets(t *testing.T) {
	got := Seconds(Trace{Sent: 3, PacketTime: 2 * time.Second}, 60*ms)
	if len(got) != 5 || got[1].Sent != 0 || got[4].Sent != 1 {
		t.Errorf("got %+v, want five seconds with a packet in every other", got)
	}
}

// Seconds and Live tell the same, where nothing is late and no skew to remove.
func TestLiveAgreesWithSeconds(t *testing.T) {
	tr, _ := sim{seed: 9, delay: uniform(15 * ms), lost: every(9)}.run()
	var l Live
	k := 0
	for i, want := range Seconds(tr, 60*ms) {
		for k < len(tr.Arrivals) && tr.Arrivals[k].Seq < int64(i+1)*50 {
			l.Add(tr.Arrivals[k])
			l.Add(tr.Arrivals[k])
			k++
		}
		got := l.Second((i + 1) * 50)
		if got.Sent != want.Sent || got.Lost != want.Lost || *got.Jitter != *want.Jitter {
			t.Errorf("second %d: got %d sent, %d lost, jitter %v, want %d, %d, %v", i,
				got.Sent, got.Lost, *got.Jitter, want.Sent, want.Lost, *want.Jitter)
		}
	}
}

func TestLive(t *testing.T) {
	tr := arrivals(100, except(100)...)
	var l Live
	if s := l.Second(0); s.Sent != 0 || s.Lost != 0 || s.Jitter != nil || s.Delay != nil {
		t.Errorf("before the first packet: got %+v", s)
	}
	for _, a := range tr.Arrivals[:60] {
		l.Add(a)
	}
	if s := l.Second(50); s.Sent != 50 || s.Lost != 0 {
		t.Errorf("first second: got %+v, want 50 sent, none lost", s)
	}
	l.Add(tr.Arrivals[3]) // a copy, long after its second
	if s := l.Second(100); s.Sent != 50 || s.Lost != 40 {
		t.Errorf("second second: got %+v, want 50 sent, 40 lost", s)
	}
	if s := l.Second(150); s.Sent != 50 || s.Lost != 50 || s.Jitter != nil {
		t.Errorf("third second: got %+v, want all lost, nothing measured", s)
	}
	if s := l.Second(120); s.Sent != 0 {
		t.Errorf("going back: got %+v, want nothing", s)
	}
}
