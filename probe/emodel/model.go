package emodel

import "fmt"

// A Model says which codec's impairment a MOS is computed with, and on which
// scale.
type Model struct {
	Scale       Scale
	Ie, Bpl     float64
	Basis       string // "pcmu", …; "g107.1:g722" on the wideband scale
	Assumptions []string
}

// Choose picks the model for a codec. ie and bpl, where given, take the place of
// the published values. A codec of which one is still missing then gets the
// figure that G.711 would get on the same path, and Assumptions say so.
func Choose(c Codec, ie, bpl *float64) Model {
	own := c
	if ie != nil {
		own.Ie = ie
	}
	if bpl != nil {
		own.Bpl = bpl
	}
	if own.Ie == nil || own.Bpl == nil {
		return standIn(c, ie, bpl)
	}
	m := Model{Scale: c.Scale, Ie: *own.Ie, Bpl: *own.Bpl, Basis: c.Name}
	if c.Scale == Wideband {
		m.Basis = "g107.1:" + c.Name
	}
	m.Assumptions = append(m.Assumptions, own.sentence(ie, bpl), scaleSentence(c.Scale))
	return m
}

// standIn is the model of the codec that is used in place of c.
func standIn(c Codec, ie, bpl *float64) Model {
	basis, _ := FindCodec(Basis)
	m := Choose(basis, nil, nil)
	missing := "Ie and Bpl"
	switch {
	case c.Ie != nil || ie != nil:
		missing = "Bpl"
	case c.Bpl != nil || bpl != nil:
		missing = "Ie"
	}
	m.Assumptions = append([]string{fmt.Sprintf(
		"No %s is published for %s: R and MOS are those that %s would get on this path, not its own. Give --ie and --bpl to use values of your own.",
		missing, c.Title, basis.Title)}, m.Assumptions...)
	return m
}

// sentence says which impairment is assumed and where it comes from.
func (c Codec) sentence(ie, bpl *float64) string {
	if ie != nil || bpl != nil {
		return fmt.Sprintf("%s with Ie %g and Bpl %g, %s.", c.Title, *c.Ie, *c.Bpl, given(ie, bpl))
	}
	s := fmt.Sprintf("%s with Ie %g and Bpl %g (%s", c.Title, *c.Ie, *c.Bpl, c.Provenance)
	if c.PublishedAt > 0 {
		s += fmt.Sprintf(", published for packets of %d ms", c.PublishedAt.Milliseconds())
	}
	return s + fmt.Sprintf("); concealment of lost packets: %s.", c.Concealment)
}

func given(ie, bpl *float64) string {
	switch {
	case bpl == nil:
		return "Ie as given by --ie"
	case ie == nil:
		return "Bpl as given by --bpl"
	}
	return "as given by --ie and --bpl"
}

func scaleSentence(s Scale) string {
	if s == Wideband {
		return "R and MOS are on the wideband scale of ITU-T G.107.1 (R up to 129); do not compare them with narrowband ones."
	}
	return "R and MOS are on the narrowband scale of ITU-T G.107 (06/2015), its other parameters at their defaults."
}

// Params are the E-model's inputs for a path: ta is the delay mouth to ear in
// milliseconds, ppl the unusable packets in percent.
func (m Model) Params(ta, ppl, burstR float64) Params {
	p := Defaults(m.Scale).OneWay(ta)
	p.Ie, p.Bpl, p.Ppl, p.BurstR = m.Ie, m.Bpl, ppl, burstR
	return p
}

// Rate gives R, the MOS and the terms for a path.
func (m Model) Rate(ta, ppl, burstR float64) (r, mos float64, t Terms) {
	t = m.Params(ta, ppl, burstR).Rate()
	r = t.R()
	return r, MOS(r, m.Scale), t
}
