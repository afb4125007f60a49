package stream

// Unwrap16 turns RTP sequence numbers, which wrap after 65,535, into numbers that do
// not (RFC 3550 A.1). The first number, or the one given to unwrap16From, becomes 0;
// numbers before it become negative. Reordered and repeated numbers come out right
// while they are less than 32,768 away from the highest one so far. The zero value is
// ready to use.
type Unwrap16 struct {
	highest int64
	base    uint16 // what highest was unwrapped from
	started bool
}

// unwrap16From counts from a first number that is known beforehand, so that
// the stream starts at 0 even where its first packets are lost.
func unwrap16From(first uint16) Unwrap16 {
	return Unwrap16{base: first, started: true}
}

// Next unwraps one number.
func (u *Unwrap16) Next(v uint16) int64 {
	if !u.started {
		*u = unwrap16From(v)
	}
	n := u.highest + int64(int16(v-u.base))
	if n > u.highest {
		u.highest, u.base = n, v
	}
	return n
}
