package probe

import (
	"context"
	"slices"

	"netready/probe/facts"
	"netready/probe/radio"
)

// lookAtRadio asks about the Wi-Fi where it cannot be watched during a call, and mends the
// gap of its signal.
func lookAtRadio(ctx context.Context, i *facts.Interface, gaps []facts.NotMeasured) []facts.NotMeasured {
	link, dbm, err := radio.Look(ctx, i.Name)
	i.Wifi = link
	if dbm != nil {
		i.WifiDBM = dbm
	}
	if i.WifiDBM != nil {
		return withoutSignal(gaps)
	}
	if at := slices.IndexFunc(gaps, isSignal); at >= 0 && err != nil {
		gaps[at].Reason = err.Error()
	}
	return gaps
}

func isSignal(g facts.NotMeasured) bool { return g.What == "machine.interface.wifi_dbm" }

func withoutSignal(gaps []facts.NotMeasured) []facts.NotMeasured {
	return slices.DeleteFunc(gaps, isSignal)
}
