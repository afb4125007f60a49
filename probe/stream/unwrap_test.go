package stream

import (
	"math/rand/v2"
	"slices"
	"testing"

	"netready/internal/seed"
)

func TestUnwrap16(t *testing.T) {
	tests := []struct {
		name string
		from Unwrap16
		in   []uint16
		want []int64
	}{
		{"in order across the wrap", Unwrap16{}, []uint16{65534, 65535, 0, 1}, []int64{0, 1, 2, 3}},
		{"reordered across the wrap", Unwrap16{}, []uint16{65534, 0, 65535, 1}, []int64{0, 2, 1, 3}},
		{"repeated across the wrap", Unwrap16{}, []uint16{65535, 0, 65535, 0, 0, 1}, []int64{0, 1, 0, 1, 1, 2}},
		{"before the first", Unwrap16{}, []uint16{0, 65535, 1}, []int64{0, -1, 1}},
		{"first packets lost", Unwrap16From(65535), []uint16{2, 1, 3}, []int64{3, 2, 4}},
		{"first packet reordered", Unwrap16From(65535), []uint16{0, 65535, 1}, []int64{1, 0, 2}},
		{"a gap of ten minutes", Unwrap16From(0), []uint16{0, 30000, 60000, 24464}, []int64{0, 30000, 60000, 90000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := tt.from
			var got []int64
			for _, v := range tt.in {
				got = append(got, u.Next(v))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestUnwrap32(t *testing.T) {
	u := Unwrap32From(1<<32 - 160)
	for i, v := range []uint32{1<<32 - 160, 160, 0, 160, 320} {
		want := []int64{0, 320, 160, 320, 480}[i]
		if got := u.Next(v); got != want {
			t.Errorf("%d, number %d: got %d, want %d", v, i, got, want)
		}
	}
	var first Unwrap32
	if got := first.Next(4_000_000_000); got != 0 {
		t.Errorf("the first timestamp: got %d, want 0", got)
	}
	if got := first.Next(5); got != 294_967_301 {
		t.Errorf("after the wrap: got %d, want 294967301", got)
	}
}

// Three wraps with loss, copies and reordering by up to a hundred packets.
func TestUnwrapRandomly(t *testing.T) {
	seed := seed.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	start16, start32 := uint16(r.Uint32()), r.Uint32()
	u16, u32 := Unwrap16From(start16), Unwrap32From(start32)
	const step = 90_000 // of the timestamp: wraps every 47,722 packets
	for i := range int64(200_000) {
		n := max(0, i-r.Int64N(100))
		if r.IntN(3) == 0 {
			continue
		}
		if got := u16.Next(start16 + uint16(n)); got != n {
			t.Fatalf("sequence number: got %d, want %d", got, n)
		}
		if got := u32.Next(start32 + uint32(n*step)); got != n*step {
			t.Fatalf("timestamp: got %d, want %d", got, n*step)
		}
	}
}
