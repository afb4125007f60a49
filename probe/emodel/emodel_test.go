package emodel

import (
	"math"
	"testing"
)

// The Recommendation's own figures at its defaults; three independent
// implementations agree on them.
func TestRateNarrowband(t *testing.T) {
	tests := []struct {
		name                string
		ta, ppl             float64
		ie, bpl, burst      float64
		idte, idle, idd, ef float64
		r, mos              float64
	}{
		{"defaults", 0, 0, 0, 25.1, 1, 0, 0.149046, 0, 0, 93.206208, 4.409406},
		{"100 ms", 100, 0, 0, 25.1, 1, 1.963791, 0.727733, 0, 0, 90.663730, 4.354920},
		{"150 ms", 150, 0, 0, 25.1, 1, 2.811844, 0.840747, 0.163531, 0, 89.539132, 4.327546},
		{"200 ms", 200, 0, 0, 25.1, 1, 3.570849, 0.935273, 3.044414, 0, 85.804718, 4.223180},
		{"250 ms", 250, 0, 0, 25.1, 1, 4.242856, 1.018587, 8.916710, 0, 79.177101, 3.992519},
		{"400 ms", 400, 0, 0, 25.1, 1, 5.808211, 1.230127, 24.070089, 0, 62.246827, 3.215599},
		{"1 % lost", 0, 1, 0, 25.1, 1, 0, 0.149046, 0, 3.639847, 89.566361, 4.328232},
		{"5 % lost", 0, 5, 0, 25.1, 1, 0, 0.149046, 0, 15.780731, 77.425477, 3.923091},
		{"5 % lost in bursts", 0, 5, 0, 25.1, 2, 0, 0.149046, 0, 17.210145, 75.996063, 3.864123},
		{"G.729A, 2 % lost", 0, 2, 11, 19, 1, 0, 0.149046, 0, 19, 74.206208, 3.787558},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Defaults(Narrowband).OneWay(tt.ta)
			p.Ie, p.Bpl, p.Ppl, p.BurstR = tt.ie, tt.bpl, tt.ppl, tt.burst
			got := p.Rate()
			near(t, "Ro", got.Ro, 94.768822)
			near(t, "Is", got.Is, 1.413568)
			near(t, "Idte", got.Idte, tt.idte)
			near(t, "Idle", got.Idle, tt.idle)
			near(t, "Idd", got.Idd, tt.idd)
			near(t, "Ie,eff", got.IeEff, tt.ef)
			near(t, "R", got.R(), tt.r)
			near(t, "MOS", MOS(got.R(), Narrowband), tt.mos)
		})
	}
	near(t, "No", Defaults(Narrowband).noise(), -61.179214)
}

func TestRateWideband(t *testing.T) {
	tests := []struct {
		name   string
		ta, ie float64
		r, mos float64
	}{
		{"defaults", 0, 0, 128.846315, 4.499152},
		{"Ie 5", 0, 5, 123.846315, 4.456839},
		{"50 ms", 50, 0, 128.255018, 4.495632},
		{"150 ms, Ie 5", 150, 5, 122.421331, 4.439743},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Defaults(Wideband).OneWay(tt.ta)
			p.Ie = tt.ie
			got := p.Rate()
			near(t, "Ro", got.Ro, 129)
			near(t, "Is", got.Is, 0)
			near(t, "R", got.R(), tt.r)
			near(t, "MOS", MOS(got.R(), Wideband), tt.mos)
		})
	}
	near(t, "No", Defaults(Wideband).noise(), -68.805539)
}

func TestMOS(t *testing.T) {
	tests := []struct{ r, want float64 }{
		{-20, 1},
		{0, 1},
		{3, 1},
		{6.5, 1},
		{50, 2.575},
		{60, 3.1},
		{70, 3.597},
		{80, 4.024},
		{90, 4.339},
		{100, 4.5},
		{130, 4.5},
	}
	for _, tt := range tests {
		if got := MOS(tt.r, Narrowband); math.Abs(got-tt.want) > 0.0005 {
			t.Errorf("MOS(%g) = %.4f, want %.4f", tt.r, got, tt.want)
		}
	}
	for r := 0.0; r <= 100; r += 0.01 {
		if got := MOS(r, Narrowband); got < 1 || got > 4.5 {
			t.Fatalf("MOS(%g) = %g is off the scale", r, got)
		}
	}
	if got := MOS(math.NaN(), Narrowband); !math.IsNaN(got) {
		t.Errorf("MOS(NaN) = %g", got)
	}
}

// Errors that other tools have.
func TestFaultsOfOthers(t *testing.T) {
	rate := func(ta, ppl float64) Terms {
		c, _ := FindCodec("pcmu")
		_, _, terms := Choose(c, nil, nil).Rate(ta, ppl, 1)
		return terms
	}
	mos := func(ta, ppl float64) float64 { return MOS(rate(ta, ppl).R(), Narrowband) }

	t.Run("no step above 100 ms", func(t *testing.T) {
		if a, b := mos(100, 0), mos(101, 0); a-b > 0.002 || a < b {
			t.Errorf("MOS falls from %.4f at 100 ms to %.4f at 101 ms", a, b)
		}
	})
	t.Run("8 % and a second are bad", func(t *testing.T) {
		if got := mos(1000, 8); got > 1.5 {
			t.Errorf("MOS = %.3f", got)
		}
	})
	t.Run("delay matters", func(t *testing.T) {
		for ta := 2.0; ta < 1000; ta++ {
			if rate(ta+1, 0).R() >= rate(ta, 0).R() {
				t.Fatalf("R does not fall from %g ms to %g ms", ta, ta+1)
			}
		}
	})
	t.Run("loss matters, smoothly", func(t *testing.T) {
		for ppl := 0.0; ppl < 60; ppl += 0.1 {
			a, b := mos(50, ppl), mos(50, ppl+0.1)
			if b > a || a-b > 0.02 {
				t.Fatalf("MOS goes from %.4f to %.4f at %.1f %%", a, b, ppl)
			}
		}
	})
	t.Run("the sixth root is no integer division", func(t *testing.T) {
		if got := rate(200, 0).Idd; got < 3 {
			t.Errorf("Idd at 200 ms = %g, want 3.044", got)
		}
	})
	t.Run("one-way delay, not the round trip", func(t *testing.T) {
		p := Defaults(Narrowband).OneWay(90)
		if p.Ta != 90 || p.T != 90 || p.Tr != 180 {
			t.Errorf("Ta, T, Tr = %g, %g, %g", p.Ta, p.T, p.Tr)
		}
	})
}

// Every parameter of the Recommendation's table has an effect.
func TestEveryParameterCounts(t *testing.T) {
	base := Defaults(Narrowband).OneWay(200)
	base.Ppl, base.Bpl, base.BurstR = 2, 25.1, 1.5
	changes := map[string]func(*Params){
		"SLR": func(p *Params) { p.SLR++ }, "RLR": func(p *Params) { p.RLR++ },
		"STMR": func(p *Params) { p.STMR++ }, "LSTR": func(p *Params) { p.LSTR-- },
		"Ds": func(p *Params) { p.Ds++ }, "TELR": func(p *Params) { p.TELR-- },
		"WEPL": func(p *Params) { p.WEPL-- }, "T": func(p *Params) { p.T++ },
		"Tr": func(p *Params) { p.Tr++ }, "Ta": func(p *Params) { p.Ta++ },
		"qdu": func(p *Params) { p.QDU++ }, "Ie": func(p *Params) { p.Ie++ },
		"Bpl": func(p *Params) { p.Bpl++ }, "Ppl": func(p *Params) { p.Ppl++ },
		"BurstR": func(p *Params) { p.BurstR++ }, "Nc": func(p *Params) { p.Nc += 10 },
		"Nfor": func(p *Params) { p.Nfor++ }, "Ps": func(p *Params) { p.Ps += 20 },
		"Pr": func(p *Params) { p.Pr += 20 }, "A": func(p *Params) { p.A++ },
		"mT": func(p *Params) { p.MT++ }, "sT": func(p *Params) { p.ST-- },
	}
	before := base.Rate().R()
	for name, change := range changes {
		p := base
		change(&p)
		if name == "sT" {
			p.ST = 0.4
		}
		if p.Rate().R() == before {
			t.Errorf("%s has no effect", name)
		}
	}
}

// Sidetone far from the default joins the talker echo (G.107 clause 7.4).
func TestSidetoneAndEcho(t *testing.T) {
	p := Defaults(Narrowband).OneWay(100)
	plain := p.Rate()
	p.STMR = 25
	weak := p.Rate()
	near(t, "Idtes", weak.Idte, math.Hypot(plain.Idte, weak.Ist))
	p.STMR = 5
	strong := p.Rate()
	q := Defaults(Narrowband).OneWay(100)
	q.TELR += strong.Ist / 2
	near(t, "Idte with TERVs", strong.Idte, q.Rate().Idte)
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("%s = %.6f, want %.6f", what, got, want)
	}
}
