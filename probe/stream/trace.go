// Package stream is the arithmetic of an RTP stream: when packets are due,
// what became of them, and what that means. It has no clock and no socket.
package stream

import "time"

// NoDSCP is the DSCP of an arrival whose mark could not be read.
const NoDSCP = -1

// A Trace is what is known of one direction of one call once it is over: how
// many packets were sent and which arrived when.
type Trace struct {
	// Sent is the number of packets that were sent; their sequence numbers
	// are 0 to Sent-1.
	Sent int
	// Late are those that the sender itself gave up, since they were too late, in
	// order. They are not part of the stream: neither sent nor lost.
	Late []int64
	// Arrivals are all datagrams that arrived in time, in order of arrival,
	// duplicates included.
	Arrivals []Arrival
	// PacketTime is the time between two packets, 20 ms for most codecs.
	PacketTime time.Duration
	// Untimed says that the send stamps mean nothing, since no clock rate is
	// known: jitter, discards and delay are then not measured.
	Untimed bool
}

// An Arrival is one datagram of a stream. The two stamps are of different
// clocks: their difference means nothing, but how it changes does.
type Arrival struct {
	// Seq counts the packets from 0 and never wraps, see Unwrap16.
	Seq int64
	// Sent is the sender's stamp, on the sender's monotonic clock (in a
	// capture: the unwrapped RTP timestamp over the clock rate).
	Sent time.Duration
	// Leeway is how much shorter its way may have been than the stamps say, see settle: the
	// sender's system did not take it at once, or the receiver read it after a pause (see
	// Pauses). 0: the stamps are exact.
	Leeway time.Duration
	// Received is the receiver's stamp, on the receiver's monotonic clock.
	Received time.Duration
	// Action is what the sender did just before this packet. A change of the transit
	// there may have nothing to do with the path.
	Action SenderAction
	// DSCP is the mark that the packet arrived with, or NoDSCP.
	DSCP int
}

// SenderAction is what a sender did that changes how its stamps have to be read.
type SenderAction uint8

// What a sender may do before it sends a packet.
const (
	Continued  SenderAction = iota // nothing
	Paused                         // hold, or silence between talk spurts: its clock may have stood still
	ClockReset                     // its timestamps continue from another value
)

// Metrics are the figures of one direction. Shares are from 0 to 1. A nil
// pointer is "not measured": too few packets to say.
type Metrics struct {
	Sent, Received, Lost, Duplicates, Discarded, Reordered int

	Loss    *float64 // of sent
	Discard *float64 // of sent
	InOrder *float64 // of received, RFC 4737

	LossInterval    *Interval // how far Loss can be relied on
	DiscardInterval *Interval // the same of Discard
	InOrderInterval *Interval // the same of InOrder

	Jitter    *time.Duration // RFC 3550 6.4.1, mean over the packets after the first
	JitterMax *time.Duration
	PDVp99    *time.Duration // RFC 5481, against the fastest packet
	SkewPPM   *float64       // receiver's clock against the sender's; positive: the transit seemed to grow

	SkewReason string // why SkewPPM is nil

	BurstR      *float64 // G.107, over lost and discarded
	LongestRun  int      // lost packets in a row
	WorstWindow *float64 // loss in the worst 100 packets in a row, share
	Dispersion  *Dispersion

	Shifts []Shift
	DSCP   *int // the mark most packets arrived with
}

// Dispersion is how unevenly losses lie: the variance of the number lost in each 10 packets in
// a row, divided by that of losses by chance, n p (1-p). 1 is chance, more are bursts; far less is a
// limit of rate, which lets the same number through again and again.
type Dispersion struct {
	Windows int     // of 10 packets, from the first loss on
	Ratio   float64 // variance of the losses in them, as a share of what chance makes
}

// Shift is a lasting change of the path's delay.
type Shift struct {
	At time.Duration // since the first packet was sent
	By time.Duration // longer if positive
}

// Second is one second of a stream, for graphs.
type Second struct {
	Sent      int
	Lost      int
	Discarded int
	Jitter    *time.Duration // RFC 3550 J at the second's last arrival
	Delay     *time.Duration // mean transit above the fastest packet's, skew removed
}
