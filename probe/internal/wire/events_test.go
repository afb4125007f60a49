package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
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
			{Seq: 0, Sent: math.MaxInt64, Received: math.MinInt64},
			{Seq: 1, Sent: math.MinInt64, Received: math.MaxInt64},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := UnpackArrivals(PackArrivals(tt.in))
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
	in := []Departure{{Seq: 0, Sent: time.Hour}, {Seq: 1, Sent: time.Hour + 20*time.Millisecond}, {Seq: 4, Sent: math.MaxInt64}}
	got, err := UnpackDepartures(PackDepartures(in))
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
	tests := []struct {
		name string
		in   []byte
	}{
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
			if got, err := UnpackArrivals(tt.in); !errors.Is(err, ErrPacked) {
				t.Errorf("got %v, %v, want an error", got, err)
			}
		})
	}
}

func FuzzUnpackArrivals(f *testing.F) {
	f.Add(PackArrivals([]stream.Arrival{{Seq: 3, Sent: 4, Received: 5, DSCP: 6}, {Seq: 2, DSCP: -1}}))
	f.Add([]byte{0})
	f.Add([]byte{200, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := UnpackArrivals(b)
		if err != nil {
			return
		}
		again, err := UnpackArrivals(PackArrivals(got))
		if err != nil || len(got) > 0 && !reflect.DeepEqual(got, again) {
			t.Fatalf("%v became %v: %v", got, again, err)
		}
	})
}

func FuzzUnpackDepartures(f *testing.F) {
	f.Add(PackDepartures([]Departure{{Seq: 3, Sent: 4}, {Seq: 2}}))
	f.Add([]byte{255, 255, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := UnpackDepartures(b)
		if err != nil {
			return
		}
		again, err := UnpackDepartures(PackDepartures(got))
		if err != nil || len(got) > 0 && !reflect.DeepEqual(got, again) {
			t.Fatalf("%v became %v: %v", got, again, err)
		}
	})
}
