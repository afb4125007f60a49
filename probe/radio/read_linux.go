package radio

import (
	"github.com/mdlayher/wifi"
)

// adapter asks the kernel's nl80211 through netlink, which needs no rights.
type adapter struct {
	client *wifi.Client
	ifi    *wifi.Interface
}

// open is nil if the interface is not Wi-Fi.
func open(name string) *adapter {
	client, err := wifi.New()
	if err != nil {
		return nil // a kernel without nl80211
	}
	all, err := client.Interfaces()
	if err == nil {
		for _, i := range all {
			if i.Name == name && name != "" {
				return &adapter{client, i}
			}
		}
	}
	_ = client.Close()
	return nil
}

func (a *adapter) close() { _ = a.client.Close() }

// read asks the driver about the access point that it is connected to.
func (a *adapter) read() (reading, error) {
	var r reading
	bss, err := a.client.BSS(a.ifi)
	if err == nil && bss != nil {
		r.ssid, r.bssid, r.mhz = bss.SSID, bss.BSSID.String(), bss.Frequency
	}
	stations, err2 := a.client.StationInfo(a.ifi)
	if err2 != nil || len(stations) == 0 {
		if err != nil && err2 != nil && r.bssid == "" {
			return reading{}, nil // not connected at this moment
		}
		return r, nil
	}
	s := stations[0]
	if r.bssid == "" {
		r.bssid = s.HardwareAddr.String()
	}
	r.dbm = s.Signal
	if r.dbm >= 0 {
		r.dbm = s.SignalAverage
	}
	r.txMbps, r.rxMbps = float64(s.TransmitBitrate)/1e6, float64(s.ReceiveBitrate)/1e6
	r.counted = true
	r.sent, r.retries, r.failed, r.beaconsLost = int64(s.TransmittedPackets), int64(s.TransmitRetries), int64(s.TransmitFailed), int64(s.BeaconLoss)
	return r, nil
}
