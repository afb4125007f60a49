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
	for _, m := range measures {
		limit := *m.limit(&given)
		if limit == (Limit{}) {
			if file.Root != nil && file.At(m.Setting) != file.At() {
				return Limits{}, file.Errorf(file.At(m.Setting), "%s: give {%s: NUMBER}", m.Setting, m.kind())
			}
			continue
		}
		if err := m.check(limit); err != nil {
			return Limits{}, file.Errorf(file.At(m.Setting), "%s: %v", m.Setting, err)
		}
		*m.limit(&limits) = limit
	}
	return limits, nil
}

// kind is how this limit is given.
func (m Measure) kind() string {
	if m.AtLeast {
		return "at_least"
	}
	return "below"
}

func (m Measure) check(limit Limit) error {
	if limit.Below != nil && limit.AtLeast != nil {
		return errors.New("give below or at_least, not both")
	}
	if (limit.AtLeast != nil) != m.AtLeast {
		return errors.New("this limit takes " + m.kind() + ": with the other one it would pass bad figures")
	}
	bound := *limit.bound()
	if math.IsNaN(bound) || math.IsInf(bound, 0) || bound < m.Least || m.Most > 0 && bound > m.Most {
		if m.Most == 0 {
			return errors.New("the bound has to be 0 or more")
		}
		return errors.New("the bound has to be " + digits(m.Least) + " to " + digits(m.Most))
	}
	return nil
}
