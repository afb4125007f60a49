package emodel

import "math"

// noise is No, the power of all noise sources at the 0 dBr point in dBm0p
// (G.107 clause 7.2, equations 7-3 to 7-7).
func (p Params) noise() float64 {
	olr := p.SLR + p.RLR
	nos := p.Ps - p.SLR - p.Ds - 100 + 0.004*square(p.Ps-olr-p.Ds-14)
	pre := p.Pr + 10*math.Log10(1+power10((10-p.LSTR)/10))
	nor := p.RLR - 121 + pre + 0.008*square(pre-35)
	nfo := p.Nfor + p.RLR
	return 10 * math.Log10(power10(p.Nc/10)+power10(nos/10)+power10(nor/10)+power10(nfo/10))
}

// widebandRo is Ro on the wideband scale. G.107.1 clause 7.2 gives it as a
// fixed number: the noise of a wideband path has no published model.
const widebandRo = 129

// signalToNoise is Ro (equation 7-2).
func (p Params) signalToNoise(no float64) float64 {
	if p.Scale == Wideband {
		return widebandRo
	}
	return 15 - 1.5*(p.SLR+no)
}

// simultaneous gives the three parts of Is (clause 7.3). On the wideband scale
// they are 0 (G.107.1 clause 7.3).
func (p Params) simultaneous(ro, no float64) (iolr, ist, iq float64) {
	if p.Scale == Wideband {
		return 0, 0, 0
	}
	return p.loudness(no), p.sidetone(), p.quantizing(ro)
}

// loudness is Iolr (equations 7-9 and 7-10).
func (p Params) loudness(no float64) float64 {
	x := p.SLR + p.RLR + 0.2*(64+no-p.RLR)
	return 20 * (root(1+math.Pow(x/8, 8), 8) - x/8)
}

// sidetone is Ist (equations 7-11 and 7-12).
func (p Params) sidetone() float64 {
	stmro := -10 * math.Log10(power10(-p.STMR/10)+math.Exp(-p.T/4)*power10(-p.TELR/10))
	return 12*root(1+math.Pow((stmro-13)/6, 8), 8) -
		28*root(1+math.Pow((stmro+1)/19.4, 35), 35) -
		13*root(1+math.Pow((stmro-3)/33, 13), 13) + 29
}

// quantizing is Iq (equations 7-13 to 7-17).
func (p Params) quantizing(ro float64) float64 {
	q := 37 - 15*math.Log10(p.QDU)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46.0/30 - g/40
	return 15 * math.Log10(1+power10(y)+power10(z))
}

func square(x float64) float64       { return x * x }
func power10(x float64) float64      { return math.Pow(10, x) }
func root(x, degree float64) float64 { return math.Pow(x, 1/degree) }
