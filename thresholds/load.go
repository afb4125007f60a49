package thresholds

import (
	"errors"
	"math"

	"netready/internal/yamlfile"
)

// Load reads limits from a YAML file. A key that is missing keeps its default;
// an unknown one is an error with its line.
func Load(path string) (Limits, error) {
	data, err := yamlfile.Read(path)
	if err != nil {
		return Limits{}, err
	}
	return parse(path, data)
}

func parse(name string, data []byte) (Limits, error) {
	var given Limits
	file, err := yamlfile.Decode(name, data, &given)
	if err != nil {
		return Limits{}, err
	}
	limits := Default()
	for _, k := range keys(&limits, &given) {
		if *k.given == (Limit{}) {
			if file.Root != nil && file.At(k.name) != file.At() {
				return Limits{}, file.Errorf(file.At(k.name), "%s: give {%s: NUMBER}", k.name, k.kind())
			}
			continue
		}
		if err := k.check(); err != nil {
			return Limits{}, file.Errorf(file.At(k.name), "%s: %v", k.name, err)
		}
		*k.limit = *k.given
	}
	return limits, nil
}

// key is one limit of the file.
type key struct {
	name         string
	limit, given *Limit
	least, most  float64 // of the bound
}

func keys(l, given *Limits) []key {
	const percent = 100
	return []key{
		{"jitter_ms", &l.JitterMS, &given.JitterMS, 0, math.MaxFloat64},
		{"loss_percent", &l.LossPercent, &given.LossPercent, 0, percent},
		{"discard_percent", &l.DiscardPercent, &given.DiscardPercent, 0, percent},
		{"in_order_percent", &l.InOrderPercent, &given.InOrderPercent, 0, percent},
		{"rtt_avg_ms", &l.RTTAvgMS, &given.RTTAvgMS, 0, math.MaxFloat64},
		{"mos", &l.MOS, &given.MOS, 1, 5},
	}
}

// kind is how this limit is given: its default's way.
func (k key) kind() string {
	if k.limit.Below != nil {
		return "below"
	}
	return "at_least"
}

func (k key) check() error {
	if k.given.Below != nil && k.given.AtLeast != nil {
		return errors.New("give below or at_least, not both")
	}
	if (k.given.Below != nil) != (k.limit.Below != nil) {
		return errors.New("this limit takes " + k.kind() + ": the other way round it would pass what is bad")
	}
	bound := *k.given.bound()
	if math.IsNaN(bound) || bound < k.least || bound > k.most {
		if k.most == math.MaxFloat64 {
			return errors.New("the bound has to be 0 or more")
		}
		return errors.New("the bound has to be " + digits(k.least) + " to " + digits(k.most))
	}
	return nil
}
