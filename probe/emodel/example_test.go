package emodel_test

import (
	"fmt"

	"netready/probe/emodel"
)

// What a listener would give a call with G.711, 2 % of random loss and 150 ms
// from mouth to ear.
func ExampleModel_Rate() {
	codec, _ := emodel.FindCodec("pcmu")
	model := emodel.Choose(codec, nil, nil)
	r, mos, _ := model.Rate(150, 2, 1)
	fmt.Printf("R %.1f, MOS %.2f\n", r, mos)
	// Output:
	// R 82.5, MOS 4.12
}

// The same with all inputs of the Recommendation at hand.
func ExampleParams_Rate() {
	p := emodel.Defaults(emodel.Narrowband).OneWay(150)
	p.Bpl, p.Ppl = 25.1, 2
	terms := p.Rate()
	fmt.Printf("R %.1f, of which codec and loss took %.1f\n", terms.R(), terms.IeEff)
	// Output:
	// R 82.5, of which codec and loss took 7.0
}
