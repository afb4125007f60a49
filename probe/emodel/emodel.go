// Package emodel is the E-model: delay, loss and the codec in, the transmission
// rating R and a MOS out. Narrowband is ITU-T G.107 (06/2015), wideband is
// ITU-T G.107.1. It is arithmetic only.
package emodel

import "math"

// Scale is the rating scale of a model. A figure of one scale must not be
// compared with a figure of the other.
type Scale string

// The two scales.
const (
	Narrowband Scale = "narrowband" // G.107: R up to 100
	Wideband   Scale = "wideband"   // G.107.1: R up to 129
)

// wideband is the factor by which the wideband scale is longer (G.107.1 clause 7.1).
const wideband = 1.29

// Params are the inputs of the E-model, G.107 tables 2 and 3. Delays are in
// milliseconds, levels in dB or dBm, as in the Recommendation. Start with Defaults: here a
// zero is a value, not a default.
type Params struct {
	Scale Scale

	SLR  float64 // send loudness rating, dB
	RLR  float64 // receive loudness rating, dB
	STMR float64 // sidetone masking rating, dB
	LSTR float64 // listener sidetone rating, dB: STMR and the D-value of the receive side
	Ds   float64 // D-value of the telephone, send side
	TELR float64 // talker echo loudness rating, dB
	WEPL float64 // weighted echo path loss, dB

	T  float64 // mean one-way delay of the echo path, ms
	Tr float64 // round-trip delay in a 4-wire loop, ms
	Ta float64 // absolute delay in echo-free connections, ms

	QDU    float64 // quantization distortion units
	Ie     float64 // equipment impairment factor
	Bpl    float64 // packet-loss robustness factor, percent
	Ppl    float64 // packet-loss probability, percent
	BurstR float64 // burst ratio; 1 is random loss

	Nc   float64 // circuit noise at the 0 dBr point, dBm0p
	Nfor float64 // noise floor at the receive side, dBmp
	Ps   float64 // room noise, send side, dB(A)
	Pr   float64 // room noise, receive side, dB(A)

	A  float64 // advantage factor
	MT float64 // mT, minimum perceivable delay, ms
	ST float64 // sT, delay sensitivity
}

// Defaults are the Recommendation's (G.107 table 2, G.107.1 for wideband).
// The echo delays and Ta follow the path: see OneWay.
func Defaults(scale Scale) Params {
	p := Params{
		Scale: scale,
		SLR:   8, RLR: 2, STMR: 15, LSTR: 18, Ds: 3, TELR: 65, WEPL: 110,
		QDU: 1, Bpl: 4.3, BurstR: 1,
		Nc: -70, Nfor: -64, Ps: 35, Pr: 35,
		MT: 100, ST: 1,
	}
	if scale == Wideband {
		p.Nfor = -96
		p.Bpl = 1 // of no codec; without loss it has no effect
	}
	return p
}

// OneWay sets the delays of a symmetric path without other echo: T = Ta and
// Tr = 2 Ta (G.107 clause 3.5), ta being mouth to ear in milliseconds.
func (p Params) OneWay(ta float64) Params {
	p.T, p.Ta, p.Tr = ta, ta, 2*ta
	return p
}

// Terms are the parts that R consists of: R = Ro - Is - Id - Ie,eff + A.
type Terms struct {
	Ro    float64 // basic signal-to-noise ratio
	Is    float64 // Iolr + Ist + Iq: impairments simultaneous with speech
	Iolr  float64 // too low overall loudness
	Ist   float64 // non-optimum sidetone
	Iq    float64 // quantizing distortion
	Idte  float64 // talker echo
	Idle  float64 // listener echo
	Idd   float64 // too long absolute delay
	IeEff float64 // codec and packet loss
	A     float64 // advantage of access
}

// R is the transmission rating. It is not clamped: for a very bad path it is below 0.
func (t Terms) R() float64 {
	return t.Ro - t.Is - (t.Idte + t.Idle + t.Idd) - t.IeEff + t.A
}

// Rate computes every term.
func (p Params) Rate() Terms {
	no := p.noise()
	t := Terms{Ro: p.signalToNoise(no), A: p.A}
	t.Iolr, t.Ist, t.Iq = p.simultaneous(t.Ro, no)
	t.Is = t.Iolr + t.Ist + t.Iq
	t.Idte = p.talkerEcho(no, t.Ist)
	t.Idle = p.listenerEcho(t.Ro)
	t.Idd = p.absoluteDelay()
	t.IeEff = p.equipment()
	return t
}

// MOS converts R into the mean opinion score of a conversation (G.107 annex B, G.107.1
// annex A). The cubic is below 1 for R between 0 and about 6.5, although 1 is the lowest
// score: there the result is 1.
func MOS(r float64, scale Scale) float64 {
	if scale == Wideband {
		r /= wideband
	}
	switch {
	case math.IsNaN(r):
		return r
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
