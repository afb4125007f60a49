package workbook

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"testing"
)

func TestDeflateIsOneStream(t *testing.T) {
	for _, size := range []int{0, 1, deflateBlock - 1, deflateBlock, deflateBlock + 1, 7*deflateBlock + 12345} {
		want := make([]byte, size)
		r := rand.New(rand.NewPCG(1, uint64(size)))
		for i := range want {
			want[i] = byte(r.IntN(9))
		}
		var out bytes.Buffer
		d := newDeflater(&out)
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(100_000))
			if _, err := d.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(flate.NewReader(&out)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back (%v)", size, len(got), err)
		}
	}
}
