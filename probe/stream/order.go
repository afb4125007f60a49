package stream

// reordered are the places among those that arrived of packets that came after one
// with a higher sequence number: RFC 4737 3.3, with NextExp one above the highest
// seen.
func reordered(arrived []packet) []int64 {
	var places []int64
	next := int64(0)
	for i, p := range arrived {
		if p.seq < next {
			places = append(places, int64(i))
			continue
		}
		next = p.seq + 1
	}
	return places
}

// inOrder is the interval of the share that arrived in order.
func inOrder(places []int64, received int) *Interval {
	out := interval(together(places), received)
	if out == nil {
		return nil
	}
	return &Interval{Low: 1 - out.High, High: 1 - out.Low}
}
