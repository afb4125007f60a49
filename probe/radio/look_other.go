//go:build !darwin

package radio

import (
	"context"

	"netready/probe/facts"
)

// Look finds nothing here: the radio is watched during the call, or not at all.
func Look(context.Context, string) (*facts.WifiLink, *float64, error) { return nil, nil, nil }
