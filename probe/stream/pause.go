package stream

import "time"

// restShift is by how much the level after a pause must differ from the one
// before: less than half of what makes a shift, since several may add up.
const restShift = float64(9 * time.Millisecond)

// pauses lists where the sender set its clock anew, or paused and the level after
// it is another: the first packet of each such part. What the transit did
// there is the sender's doing; a phone anchors anew with the talk spurt.
func pauses(packets []packet) []int {
	var cuts []int
	begin := 0
	for k, p := range packets {
		if p.fresh == GoesOn || k == 0 {
			continue
		}
		if d := fastest(nextSpurt(packets[k:])) - fastest(packets[begin:k]); p.fresh == SetAnew || d >= restShift || d <= -restShift {
			cuts = append(cuts, k)
			begin = k
		}
	}
	return cuts
}

// nextSpurt is what follows a pause: up to the next one, shiftWindow at most.
func nextSpurt(packets []packet) []packet {
	n := 1
	for n < len(packets) && packets[n].fresh == GoesOn && packets[n].sent-packets[0].sent < shiftWindow {
		n++
	}
	return packets[:n]
}
