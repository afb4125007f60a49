package stream

import "testing"

// One packet that is sent again and again must not keep the others out: their first copies
// count, whatever came before.
func TestRepeatsNeverKeepFirstCopiesOut(t *testing.T) {
	for _, test := range []struct{ packets, repeats int }{{1, 5}, {50, 7000}, {1500, 100_000}, {120_000, 1_000_000}} {
		var c Copies
		taken := 0
		for range test.repeats {
			if c.Take(0, test.packets) {
				taken++
			}
		}
		for i := range test.packets {
			if c.Take(int64(i), test.packets) != (i > 0 || taken < MostCopies(test.packets)-test.packets+1) {
				t.Fatalf("%+v: packet %d was kept out after %d repeats of the first", test, i, test.repeats)
			}
			taken++
		}
		if most := MostCopies(test.packets); taken > most+1 {
			t.Errorf("%+v: %d were taken, at most %d are", test, taken, most)
		}
		for _, outside := range []int64{-1, int64(test.packets), 1 << 40} {
			if c.Take(outside, test.packets) {
				t.Errorf("%+v: packet %d is none of the stream", test, outside)
			}
		}
	}
}
