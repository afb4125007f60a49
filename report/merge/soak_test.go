//go:build soak

package merge

import (
	"path/filepath"
	"testing"
	"time"
)

// TestSoakHundredThousand merges 100,000 runs and then adds ten, each under
// 300 MB, and the time grows no faster than the number of runs.
func TestSoakHundredThousand(t *testing.T) {
	const many, bound = 100_000, 300.0
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "team.xlsx")
	writeCorpus(t, in, many)
	measure := func(source, out string) time.Duration {
		cmd := self(t, source, out)
		start := time.Now()
		if text, err := cmd.Output(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		took, peak := time.Since(start), peakMB(cmd)
		t.Logf("%s into %s: %v, peak %.0f MB", filepath.Base(source), filepath.Base(out), took.Round(time.Millisecond), peak)
		if peak > bound {
			t.Errorf("%.0f MB, more than %.0f", peak, bound)
		}
		return took
	}
	small := measure(filepath.Join(in, "000"), filepath.Join(dir, "small.xlsx"))
	large := measure(in, out)
	t.Logf("100 times the runs took %.0f times the time", float64(large)/float64(small))
	if large > 200*small {
		t.Errorf("100,000 runs took %v, 1,000 took %v", large, small)
	}
	for i := range 10 {
		put(t, filepath.Join(dir, "new", string(rune('a'+i))+".json"), jsonOf(t, corpusRun(many+i)))
	}
	measure(filepath.Join(dir, "new"), out)
}
