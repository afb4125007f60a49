package machine

import "netready/probe/facts"

const noInterface = "it is not known which interface the call uses"

// explain says why the link speed and the signal are nil. noSpeed and noSignal say
// why this program cannot read them on this system, "" where it can.
func (i *adapter) explain(noSpeed, noSignal string) {
	switch i.Kind {
	case facts.Loopback:
		i.Reason = "loopback has neither a link speed nor a Wi-Fi signal"
		return
	case facts.Wired:
		i.Reason = "a wired interface has no Wi-Fi signal"
	default:
		if i.WifiDBM == nil {
			i.noWifiDBM = i.whyNoSignal(noSignal)
		}
	}
	if i.Mbps == nil {
		i.noMbps = i.whyNoSpeed(noSpeed)
	}
}

func (i *adapter) whyNoSpeed(unread string) string {
	switch {
	case i.Name == "":
		return noInterface
	case unread != "":
		return unread
	case i.Kind == facts.VPN:
		return "the system tells no link speed of this tunnel"
	}
	return "the system tells no link speed of this interface, which is usual for virtual ones"
}

func (i *adapter) whyNoSignal(unread string) string {
	switch {
	case i.Name == "":
		return noInterface
	case i.Kind == facts.VPN:
		return "the call went through a tunnel; the interface that carries the tunnel was not looked at"
	case i.Kind == facts.Unknown:
		return "it is not known whether the call's interface is Wi-Fi"
	case unread != "":
		return unread
	}
	return "the system tells no signal strength of this interface"
}
