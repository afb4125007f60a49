package emodel

import "math"

// Between these sidetone masking ratings sidetone does not change talker echo; below,
// strong sidetone masks it; above, weak sidetone adds to it (clause 7.4).
const (
	strongSidetone = 9.0
	weakSidetone   = 20.0
)

// talkerEcho is Idte (equations 7-20 to 7-26). An echo within a millisecond is
// sidetone, not echo.
func (p Params) talkerEcho(no, ist float64) float64 {
	if p.T < 1 {
		return 0
	}
	terv := p.echoLoudness()
	if p.STMR < strongSidetone {
		terv += ist / 2
	}
	slope := 2.5
	if p.Scale == Wideband {
		slope = 3
	}
	re := 80 + slope*(terv-14)
	roe := -1.5 * (no - p.RLR)
	idte := ((roe-re)/2 + math.Sqrt(square(roe-re)/4+100) - 1) * (1 - math.Exp(-p.T))
	if p.STMR > weakSidetone {
		return math.Hypot(idte, ist)
	}
	return idte
}

// echoLoudness is TERV, the talker echo loudness rating with the delay's effect
// in it (equation 7-23). Wideband talkers tolerate more: K of G.107.1 clause 7.4.
func (p Params) echoLoudness() float64 {
	terv := p.TELR - 40*math.Log10((1+p.T/10)/(1+p.T/150)) + 6*math.Exp(-0.3*p.T*p.T)
	if p.Scale == Wideband {
		terv += min(0.08*p.T+10, 18)
	}
	return terv
}

// listenerEcho is Idle (equations 7-27 and 7-28).
func (p Params) listenerEcho(ro float64) float64 {
	rle := 10.5 * (p.WEPL + 7) * math.Pow(p.Tr+1, -0.25)
	return (ro-rle)/2 + math.Sqrt(square(ro-rle)/4+169)
}

// absoluteDelay is Idd (equations 7-29 to 7-31): the first mT milliseconds are not
// noticed.
func (p Params) absoluteDelay() float64 {
	if p.Ta <= p.MT {
		return 0
	}
	x := math.Log2(p.Ta / p.MT)
	n := 6 * p.ST
	idd := 25 * (root(1+math.Pow(x, n), n) - 3*root(1+math.Pow(x/3, n), n) + 2)
	if p.Scale == Wideband {
		return wideband * idd
	}
	return idd
}

// worstIe is the equipment impairment if everything is lost (equation 7-32).
const worstIe = 95

// equipment is Ie,eff (equation 7-32).
func (p Params) equipment() float64 {
	if p.Ppl <= 0 {
		return p.Ie
	}
	return p.Ie + (worstIe-p.Ie)*p.Ppl/(p.Ppl/p.BurstR+p.Bpl)
}
