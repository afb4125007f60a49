package stream

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// FuzzMeasure feeds traces that no network makes: whatever they hold, figures
// must be possible ones.
func FuzzMeasure(f *testing.F) {
	f.Add(uint32(0), int64(60*ms), []byte{})
	f.Add(uint32(3), int64(60*ms), make([]byte, 5*fuzzArrival))
	f.Add(uint32(1500), int64(0), binary.BigEndian.AppendUint64(make([]byte, 2), math.MaxUint64))
	extreme := make([]byte, 0, 40*fuzzArrival)
	for i := range uint64(40) {
		extreme = append(extreme, byte(i), byte(i))
		extreme = binary.BigEndian.AppendUint64(extreme, i<<62)
		extreme = binary.BigEndian.AppendUint64(extreme, -i*i<<55)
	}
	f.Add(uint32(1<<31), int64(math.MinInt64), extreme)
	f.Add(uint32(100), int64(math.MaxInt64), extreme)
	for _, m := range []sim{
		{n: 120, delay: uniform(100 * ms)},
		{n: 120, ptime: 200 * ms, delay: stepped(30*ms, step{10 * sec, 80 * ms})},
		{n: 120, ptime: 200 * ms, ppm: 400, delay: normal(50*ms, ms)},
	} {
		tr, _ := m.run()
		f.Add(uint32(tr.Sent), int64(60*ms), packTrace(tr))
	}
	f.Fuzz(func(t *testing.T, sent uint32, buffer int64, data []byte) {
		tr := unpackTrace(sent, data)
		checkPossible(t, tr, Measure(tr, time.Duration(buffer)))
		if sent < 10_000 {
			lost := 0
			for _, s := range Seconds(tr, time.Duration(buffer)) {
				lost += s.Lost
			}
			if m := Measure(tr, time.Duration(buffer)); lost != m.Lost {
				t.Errorf("lost by the second: got %d, want %d", lost, m.Lost)
			}
		}
	})
}

// fuzzArrival is the size of an arrival: two bytes for the step of the
// sequence number, and the stamps.
const fuzzArrival = 18

func packTrace(tr Trace) (data []byte) {
	last := int64(0)
	for _, a := range tr.Arrivals {
		data = binary.BigEndian.AppendUint16(data, uint16(a.Seq-last))
		data = binary.BigEndian.AppendUint64(data, uint64(a.Sent))
		data = binary.BigEndian.AppendUint64(data, uint64(a.Received))
		last = a.Seq
	}
	return data
}

func unpackTrace(sent uint32, data []byte) Trace {
	tr := Trace{Sent: int(sent), PacketTime: 20 * ms}
	seq := int64(0)
	for ; len(data) >= fuzzArrival; data = data[fuzzArrival:] {
		seq += int64(int16(binary.BigEndian.Uint16(data)))
		tr.Arrivals = append(tr.Arrivals, Arrival{
			Seq:      seq,
			Sent:     time.Duration(binary.BigEndian.Uint64(data[2:])),
			Received: time.Duration(binary.BigEndian.Uint64(data[10:])),
			DSCP:     int(data[0]) - 1,
			Action:   SenderAction(data[1] >> 4 % 3),
		})
	}
	return tr
}

func checkPossible(t *testing.T, tr Trace, m Metrics) {
	t.Helper()
	if m.Sent != tr.Sent || m.Received+m.Lost != m.Sent || m.Lost < 0 || m.Received+m.Duplicates > len(tr.Arrivals) {
		t.Errorf("counts do not add up: %+v", m)
	}
	if m.Discarded < 0 || m.Discarded > m.Received || m.Reordered < 0 || m.Reordered > max(m.Received-1, 0) || m.LongestRun > m.Lost {
		t.Errorf("more than there were: %+v", m)
	}
	for what, s := range map[string]*float64{"loss": m.Loss, "discard": m.Discard, "in order": m.InOrder, "worst window": m.WorstWindow} {
		if s != nil && !(*s >= 0 && *s <= 1) {
			t.Errorf("%s: got %v, want a share", what, *s)
		}
	}
	for what, d := range map[string]*time.Duration{"jitter": m.Jitter, "jitter maximum": m.JitterMax, "PDV": m.PDVp99} {
		if d != nil && *d < 0 {
			t.Errorf("%s: got %v, want no less than 0", what, *d)
		}
	}
	if m.Jitter != nil && *m.Jitter > *m.JitterMax {
		t.Errorf("mean jitter %v above its maximum %v", *m.Jitter, *m.JitterMax)
	}
	if m.BurstR != nil && !(*m.BurstR >= 1 && *m.BurstR <= 8) {
		t.Errorf("burst ratio: got %v, want 1 to 8", *m.BurstR)
	}
	if m.SkewPPM != nil && !(math.Abs(*m.SkewPPM) <= 500) {
		t.Errorf("skew: got %v ppm, want at most 500", *m.SkewPPM)
	}
	if (m.Sent == 0) != (m.Loss == nil) || (m.Received == 0) != (m.InOrder == nil) || (m.Received < 10) != (m.Jitter == nil) {
		t.Errorf("measured or not, wrongly: %+v", m)
	}
}

func BenchmarkMeasure(b *testing.B) {
	tr, _ := sim{n: 100_000, ppm: 200, delay: stepped(30*ms, step{500 * sec, 80 * ms}), lost: every(50)}.run()
	for b.Loop() {
		Measure(tr, 60*ms)
	}
}
