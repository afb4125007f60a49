package stream

// reordered counts the packets that arrived after one with a higher sequence
// number: RFC 4737 3.3, with NextExp one above the highest seen.
func reordered(arrived []packet) int {
	n := 0
	next := int64(0)
	for _, p := range arrived {
		if p.seq < next {
			n++
			continue
		}
		next = p.seq + 1
	}
	return n
}
