package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"

	"netready/probe/stream"
)

func TestPackArrivals(t *testing.T) {
	tests := []struct {
		name string
		in   []stream.Arrival
	}{
		{"none", nil},
		{"one", []stream.Arrival{{Seq: 7, Sent: time.Hour, Received: -time.Second, DSCP: 46}}},
		{"reordered, doubled, unmarked", []stream.Arrival{
			{Seq: 1500, Sent: 30 * time.Second, Received: 5, DSCP: stream.NoDSCP},
			{Seq: 1499, Sent: 29 * time.Second, Received: 6, DSCP: 0},
			{Seq: 1499, Sent: 29 * time.Second, Received: 7, DSCP: 63},
		}},
		{"clocks far apart", []stream.Arrival{
			{Seq: 0, Sent: maxStamp, Received: -maxStamp},
			{Seq: 1, Sent: -maxStamp + 1, Received: maxStamp - 1},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := UnpackArrivals(PackArrivals(tt.in), 2000, 2000)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.in) || len(got) > 0 && !reflect.DeepEqual(got, tt.in) {
				t.Errorf("got %v, want %v", got, tt.in)
			}
		})
	}
}

func TestPackDepartures(t *testing.T) {
	in := []Departure{{Seq: 0, Sent: time.Hour}, {Seq: 1, Sent: time.Hour + 20*time.Millisecond}, {Seq: 4, Sent: 1 << 60}}
	got, err := UnpackDepartures(PackDepartures(in), 2000, 2000)
	if err != nil || !reflect.DeepEqual(got, in) {
		t.Errorf("got %v, %v, want %v", got, err, in)
	}
}

// A second of a call's trace is small enough not to load the link: 5 kbit/s
// beside the 80 of the call.
func TestPackedSize(t *testing.T) {
	var in []stream.Arrival
	for i := range 50 {
		at := time.Duration(i) * 20 * time.Millisecond
		in = append(in, stream.Arrival{Seq: int64(i), Sent: 1e15 + at, Received: 2e15 + at + 123456, DSCP: 46})
	}
	if got, most := len(PackArrivals(in)), 600; got > most {
		t.Errorf("got %d bytes for a second, want at most %d", got, most)
	}
}

func TestUnpackRefuses(t *testing.T) {
	whole := PackArrivals([]stream.Arrival{{Seq: 3, Sent: 4, Received: 5, DSCP: 6}})
	many := make([]stream.Arrival, 2001)
	tests := []struct {
		name string
		in   []byte
	}{
		{"more records than the call can have", PackArrivals(many)},
		{"a packet of another call", PackArrivals([]stream.Arrival{{Seq: 2000}})},
		{"packet 2^31", PackArrivals([]stream.Arrival{{Seq: 1 << 31}})},
		{"packet 2^40", PackArrivals([]stream.Arrival{{Seq: 1<<40 - 1}})},
		{"packet 2^62", PackArrivals([]stream.Arrival{{Seq: 1 << 62}})},
		{"a stamp in the far future", PackArrivals([]stream.Arrival{{Received: 1 << 62}})},
		{"a stamp in the far past", PackArrivals([]stream.Arrival{{Sent: math.MinInt64}})},
		{"stamps that overflow", PackArrivals([]stream.Arrival{{Sent: maxStamp}, {Sent: math.MinInt64 + 5}})},
		{"a count without records", binary.AppendUvarint(nil, 1<<60)},
		{"a count above what follows", []byte{200, 1, 1, 1, 1, 1}},
		{"cut short", whole[:len(whole)-1]},
		{"left over", append(append([]byte{}, whole...), 0)},
		{"negative sequence", []byte{1, 1, 0, 0, 0}},
		{"DSCP 64", []byte{1, 0, 0, 0, 65}},
		{"endless varint", []byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := UnpackArrivals(tt.in, 2000, 2000); !errors.Is(err, errPacked) {
				t.Errorf("got %v, %v, want an error", got, err)
			}
		})
	}
}

// allocated is how many bytes a call of f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// No number from the far end makes this end use more memory than what was asked for can
// need: 2000 records of 32 bytes, twice that for other goroutines' share.
func FuzzUnpackingIsBounded(f *testing.F) {
	f.Add(PackArrivals([]stream.Arrival{{Seq: 1<<40 - 1}}))
	f.Add(binary.AppendUvarint(nil, 1<<40))
	f.Add(append(binary.AppendUvarint(nil, 1<<20), make([]byte, 1<<16)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 2*2000*32 + 1<<16
		if got := allocated(func() {
			_, _ = UnpackArrivals(b, 1000, 2000)
			_, _ = UnpackDepartures(b, 1000, 2000)
		}); got > most {
			t.Fatalf("%d bytes made this end take %d, at most %d", len(b), got, most)
		}
	})
}

func FuzzUnpackArrivals(f *testing.F) {
	f.Add(PackArrivals([]stream.Arrival{{Seq: 3, Sent: 4, Received: 5, DSCP: 6}, {Seq: 2, DSCP: -1}}))
	f.Add([]byte{0})
	f.Add([]byte{200, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := UnpackArrivals(b, 2000, 2000)
		if err != nil {
			return
		}
		again, err := UnpackArrivals(PackArrivals(got), 2000, 2000)
		if err != nil || len(got) > 0 && !reflect.DeepEqual(got, again) {
			t.Fatalf("%v became %v: %v", got, again, err)
		}
	})
}

func FuzzUnpackDepartures(f *testing.F) {
	f.Add(PackDepartures([]Departure{{Seq: 3, Sent: 4}, {Seq: 2}}))
	f.Add([]byte{255, 255, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := UnpackDepartures(b, 2000, 2000)
		if err != nil {
			return
		}
		again, err := UnpackDepartures(PackDepartures(got), 2000, 2000)
		if err != nil || len(got) > 0 && !reflect.DeepEqual(got, again) {
			t.Fatalf("%v became %v: %v", got, again, err)
		}
	})
}
