//go:build system

package call_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"netready/probe/facts"

	"netready/probe/emodel"
)

// The shipped program itself, against the relay: the figures of its JSON, and
// its MOS against the E-model of those figures.
func TestProgramTellsWhatTheRelayDid(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		harm []string
	}{
		{"both ways", nil, []string{
			"--up-loss", "0.03", "--up-delay", "20ms", "--up-jitter", "25ms", "--up-duplicate", "0.02",
			"--down-loss", "0.06", "--down-burst", "4", "--down-delay", "70ms", "--down-jitter", "90ms", "--down-reorder", "0.02",
		}},
		{"down alone, g729, a small jitter buffer", []string{"--codec", "g729", "--jitter-buffer", "20ms"}, []string{
			"--down-loss", "0.02", "--down-jitter", "50ms", "--up-delay", "150ms", "--down-delay", "150ms",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			relay, file, _ := farEnd(t, "127.0.0.1", c.harm)
			args := append([]string{"run", "--responder", "@" + file, "--only", "voice", "--duration", "10s", "--json", "--out", t.TempDir()}, c.args...)
			run := exec.CommandContext(t.Context(), filepath.Join(programs, "netready"), args...)
			run.Stderr = os.Stderr
			out, _ := run.Output() // its status says how ready the path is
			var told facts.Result
			if err := json.Unmarshal(out, &told); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			r := report(t, relay(os.Interrupt))
			v := told.Voice
			if v.Up == nil || v.Down == nil || v.RTT == nil || len(r.Calls) != 1 || !told.Complete {
				t.Fatalf("got %s", out)
			}
			held := time.Duration(v.JitterBufferMS * float64(time.Millisecond))
			tells(t, "up", *v.Up, r.Calls[0].Up, held)
			tells(t, "down", *v.Down, r.Calls[0].Down, held)
			want := float64(mean(r.Calls[0].Up.Others)+mean(r.Calls[0].Down.Others)) / 1e6
			if math.Abs(*v.RTT.AvgMS-want) > 1 {
				t.Errorf("round trip %v ms, the relay made %v", *v.RTT.AvgMS, want)
			}
			rates(t, "up", v, *v.Up)
			rates(t, "down", v, *v.Down)
		})
	}
}

// tells compares one direction of the JSON with what the relay did to it.
func tells(t *testing.T, name string, d facts.Direction, p passage, held time.Duration) {
	t.Helper()
	if d.Sent != p.In || d.Lost != len(p.Dropped) || d.Duplicates != p.Duplicated || d.Reordered == nil || *d.Reordered != p.reordered() {
		t.Errorf("%s: %+v; the relay: %d in, %d dropped, %d doubled, %d reordered", name, d, p.In, len(p.Dropped), p.Duplicated, p.reordered())
	}
	if d.Discarded == nil {
		t.Fatalf("%s: no number of discarded packets", name)
	}
	if off := *d.Discarded - p.discarded(held); off > 2 || off < -2 {
		t.Errorf("%s: discarded %d, the relay: %d", name, *d.Discarded, p.discarded(held))
	}
	did := float64(p.jitter()) / 1e6
	if math.Abs(*d.JitterMS-did) > 0.03*did+0.15 {
		t.Errorf("%s: jitter %v ms, the relay made %v", name, *d.JitterMS, did)
	}
	if d.DSCPReceived == nil || d.DSCPAsked == nil {
		t.Errorf("%s: no DSCP (%s)", name, d.DSCPReason)
	}
}

// rates compares a MOS with the E-model of the figures beside it.
func rates(t *testing.T, name string, v facts.Voice, d facts.Direction) {
	t.Helper()
	codec, ok := emodel.FindCodec(v.Codec)
	if !ok {
		t.Fatalf("codec %q", v.Codec)
	}
	p := emodel.Defaults(emodel.Narrowband).OneWay(*v.RTT.MinMS/2 + v.JitterBufferMS + v.PtimeMS + float64(codec.LookAhead)/1e6)
	p.Ie, p.Bpl, p.Ppl, p.BurstR = *codec.Ie, *codec.Bpl, *d.LossPercent+*d.DiscardPercent, 1
	if d.Burst.BurstR != nil {
		p.BurstR = *d.Burst.BurstR
	}
	want := emodel.MOS(p.Rate().R(), emodel.Narrowband)
	if d.MOS == nil || math.Abs(*d.MOS-want) > 0.001 {
		t.Errorf("%s: MOS %v, the E-model of its figures: %v", name, d.MOS, want)
	}
	t.Logf("%s: loss %v %%, discards %v %%, jitter %v ms, MOS %v", name, *d.LossPercent, *d.DiscardPercent, *d.JitterMS, *d.MOS)
}

// report reads what the relay said at its end.
func report(t *testing.T, text string) relayed {
	t.Helper()
	var r relayed
	if err := json.NewDecoder(bytes.NewBufferString(text)).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}
