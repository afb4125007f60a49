package probe

// gaps says of each figure of the machine that is nil why it was not measured.
// What an interface cannot have is no gap: its reason stands in the interface,
// and then noMbps or noWifi is "".
func (m Machine) gaps(noMbps, noWifi string) []NotMeasured {
	const untold = "the system did not tell"
	var gaps []NotMeasured
	gap := func(got *float64, what, reason string) {
		if got == nil && reason != "" {
			gaps = append(gaps, NotMeasured{What: "machine." + what, Reason: reason})
		}
	}
	gap(m.CPUBusyPercent, "cpu_busy_percent", untold)
	gap(m.MemoryMB, "memory_mb", untold)
	gap(m.Interface.Mbps, "interface.mbps", noMbps)
	gap(m.Interface.WifiDBM, "interface.wifi_dbm", noWifi)
	return gaps
}
