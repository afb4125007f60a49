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
		{"first packets lost", unwrap16From(65535), []uint16{2, 1, 3}, []int64{3, 2, 4}},
		{"first packet reordered", unwrap16From(65535), []uint16{0, 65535, 1}, []int64{1, 0, 2}},
		{"a gap of ten minutes", unwrap16From(0), []uint16{0, 30000, 60000, 24464}, []int64{0, 30000, 60000, 90000}},
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

// Three wraps with loss, copies and reordering by up to a hundred packets.
func TestUnwrapRandomly(t *testing.T) {
	seed := seed.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	start16 := uint16(r.Uint32())
	u16 := unwrap16From(start16)
	for i := range int64(200_000) {
		n := max(0, i-r.Int64N(100))
		if r.IntN(3) == 0 {
			continue
		}
		if got := u16.Next(start16 + uint16(n)); got != n {
			t.Fatalf("sequence number: got %d, want %d", got, n)
		}
	}
}
