package stream

// A busy sender may lose its processor between a packet's stamp and the moment when its
// system takes the packet. Then the packet left some time within its leeway, and how long
// it was on the path is known only within as much. What the sender did must not look like
// the path's jitter, so such a packet counts with the transit, of those that are possible,
// that is the nearest to the transit of the packet before it.

// settle chooses the send stamps of packets that have a leeway, beginning beside the one
// that is known best.
func settle(arrived []packet) {
	best := 0
	for i, k := range arrived {
		if k.leeway < arrived[best].leeway {
			best = i
		}
	}
	for i := best + 1; i < len(arrived); i++ {
		arrived[i].settle(arrived[i-1].transit)
	}
	for i := best - 1; i >= 0; i-- {
		arrived[i].settle(arrived[i+1].transit)
	}
}

// settle moves a packet's send stamp, within its leeway, towards a transit.
func (k *packet) settle(transit float64) {
	nearest := max(k.transit-k.leeway, min(transit, k.transit))
	k.sent += k.transit - nearest
	k.transit, k.leeway = nearest, 0
}
