package send

import (
	"testing"
	"time"
)

// A result of 2 MB was never sent over a line of 0.25 Mbit/s, because 30 s are enough for
// 0.9 MB only.
func TestTimeGrowsWithTheBytes(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		want  time.Duration
	}{
		{0, oneWait},
		{100_000, oneWait + 3*time.Second},
		{2_000_000, oneWait + 64*time.Second},
		{1 << 40, mostWait},
		{1 << 62, mostWait},
		{-1, oneWait},
	} {
		if got := bounded(oneWait, c.bytes); got != c.want {
			t.Errorf("%d bytes: %v, want %v", c.bytes, got, c.want)
		}
	}
}
