package stream

// pauses lists where the sender paused or set its clock anew, and the level
// after it is another: the first packet of each such part. What the transit did
// there is the sender's doing; a phone anchors anew with the talk spurt.
func pauses(packets []packet) []int {
	var cuts []int
	begin := 0
	for k, p := range packets {
		if !p.fresh || k == 0 {
			continue
		}
		if d := fastest(nextSpurt(packets[k:])) - fastest(packets[begin:k]); d >= minShift || d <= -minShift {
			cuts = append(cuts, k)
			begin = k
		}
	}
	return cuts
}

// nextSpurt is what follows a pause: up to the next one, shiftWindow at most.
func nextSpurt(packets []packet) []packet {
	n := 1
	for n < len(packets) && !packets[n].fresh && packets[n].sent-packets[0].sent < shiftWindow {
		n++
	}
	return packets[:n]
}
