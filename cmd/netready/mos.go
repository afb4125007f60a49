package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"netready/probe/emodel"
)

// mosCmd is the E-model as a calculator.
type mosCmd struct {
	Codec  string        `default:"pcmu" help:"pcmu, pcma, g729, g722 or opus; pcmu is taken with concealment of lost packets." placeholder:"NAME"`
	Loss   float64       `default:"0" help:"Unusable packets, in percent: lost and discarded ones." placeholder:"PERCENT"`
	Delay  time.Duration `default:"0" help:"One way from mouth to ear, jitter buffer and packet time included." placeholder:"150ms"`
	BurstR float64       `default:"1" help:"Burst ratio: 1 is random loss, 2 twice as long runs." placeholder:"RATIO"`
	Ie     *float64      `help:"Equipment impairment factor, in place of the codec's." placeholder:"IE"`
	Bpl    *float64      `help:"Packet-loss robustness, in place of the codec's; 4.3 is G.711 without concealment." placeholder:"BPL"`
	JSON   bool          `name:"json" help:"One JSON document on stdout, not rounded."`
}

// mosAnswer is what --json prints.
type mosAnswer struct {
	R           float64      `json:"r"`
	MOS         float64      `json:"mos"`
	Terms       mosTerms     `json:"terms"`
	Codec       string       `json:"codec"`
	MOSBasis    string       `json:"mos_basis"`
	Scale       emodel.Scale `json:"scale"`
	Ie          float64      `json:"ie"`
	Bpl         float64      `json:"bpl"`
	LossPercent float64      `json:"loss_percent"`
	DelayMS     float64      `json:"delay_ms"`
	BurstR      float64      `json:"burst_r"`
	Assumptions []string     `json:"assumptions"`
}

type mosTerms struct {
	Ro    float64 `json:"ro"`
	Is    float64 `json:"is"`
	Idte  float64 `json:"idte"`
	Idle  float64 `json:"idle"`
	Idd   float64 `json:"idd"`
	IeEff float64 `json:"ie_eff"`
}

// Run calculates and prints.
func (c *mosCmd) Run(app *app) error {
	codec, err := codecNamed(c.Codec)
	if err != nil {
		return usageError(err)
	}
	if err := c.check(); err != nil {
		return usageError(err)
	}
	if err := checkImpairment(c.Ie, c.Bpl); err != nil {
		return usageError(err)
	}
	answer := c.answer(codec)
	if c.JSON {
		return writeJSON(app.Stdout, answer)
	}
	return answer.print(safe(app.Stdout), codec)
}

// longestDelay bounds --delay: anything longer is a typing error.
const longestDelay = time.Minute

func (c *mosCmd) check() error {
	switch {
	case !(c.Loss >= 0 && c.Loss <= 100):
		return fmt.Errorf("--loss %g: give a percentage from 0 to 100", c.Loss)
	case c.Delay < 0 || c.Delay > longestDelay:
		return fmt.Errorf("--delay %v: give the time one way from mouth to ear, from 0 to %v, as in 150ms", c.Delay, longestDelay)
	case !(c.BurstR >= 1) || math.IsInf(c.BurstR, 0):
		return fmt.Errorf("--burst-r %g: give a ratio of 1 (random loss) or more", c.BurstR)
	}
	return nil
}

// checkImpairment checks --ie and --bpl.
func checkImpairment(ie, bpl *float64) error {
	if ie != nil && !(*ie >= 0 && *ie <= 95) {
		return fmt.Errorf("--ie %g: give an equipment impairment factor from 0 to 95", *ie)
	}
	if bpl != nil && (!(*bpl > 0) || math.IsInf(*bpl, 0)) {
		return fmt.Errorf("--bpl %g: give a packet-loss robustness factor above 0", *bpl)
	}
	return nil
}

// codecNamed finds a codec as --codec names it.
func codecNamed(name string) (emodel.Codec, error) {
	codec, ok := emodel.FindCodec(strings.ToLower(name))
	if !ok {
		return codec, fmt.Errorf("--codec %s: not a codec that this program knows; give one of %s", name, strings.Join(emodel.CodecNames(), ", "))
	}
	return codec, nil
}

func (c *mosCmd) answer(codec emodel.Codec) mosAnswer {
	model := emodel.Choose(codec, c.Ie, c.Bpl)
	delay := float64(c.Delay) / float64(time.Millisecond)
	r, mos, t := model.Rate(delay, c.Loss, c.BurstR)
	return mosAnswer{
		R: r, MOS: mos,
		Terms: mosTerms{Ro: t.Ro, Is: t.Is, Idte: t.Idte, Idle: t.Idle, Idd: t.Idd, IeEff: t.IeEff},
		Codec: codec.Name, MOSBasis: model.Basis, Scale: model.Scale,
		Ie: model.Ie, Bpl: model.Bpl,
		LossPercent: c.Loss, DelayMS: delay, BurstR: c.BurstR,
		Assumptions: model.Assumptions,
	}
}

// print shows the sum with each term's cause.
func (a mosAnswer) print(w io.Writer, codec emodel.Codec) error {
	standard := "ITU-T G.107 (06/2015), narrowband"
	if a.Scale == emodel.Wideband {
		standard = "ITU-T G.107.1, wideband"
	}
	fmt.Fprintf(w, "%s, %g %% unusable packets, %g ms mouth to ear, BurstR %g\n%s\n\n", codec.Title, a.LossPercent, a.DelayMS, a.BurstR, standard)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		name  string
		value float64
		text  string
	}{
		{"  Ro", a.Terms.Ro, "basic signal-to-noise ratio"},
		{"- Is", a.Terms.Is, "loudness, sidetone, quantizing"},
		{"- Idte", a.Terms.Idte, "talker echo"},
		{"- Idle", a.Terms.Idle, "listener echo"},
		{"- Idd", a.Terms.Idd, "delay as such, above 100 ms"},
		{"- Ie,eff", a.Terms.IeEff, fmt.Sprintf("codec and loss: Ie %g, Bpl %g, BurstR %g", a.Ie, a.Bpl, a.BurstR)},
		{"= R", a.R, ""},
		{"MOS", a.MOS, ""},
	} {
		fmt.Fprintf(table, "%s\t%10.6f\t%s\n", row.name, row.value, row.text)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the terms: %w", err)
	}
	fmt.Fprintln(w)
	for _, line := range a.Assumptions {
		fmt.Fprintf(w, "* %s\n", line)
	}
	return nil
}

// writeJSON writes v as the one document on stdout. A number that JSON cannot
// carry is an error, never a wrong figure.
func writeJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
