package call

import (
	"net/netip"
	"time"

	"netready/probe/stream"
)

// An Outcome is what is known of the calls once they are over.
type Outcome struct {
	Calls []Call
	// Begun is when the calls began, on the clock of package stamp. Times "since the
	// calls were begun" count from here.
	Begun time.Duration
	// Source says where the round trips come from: facts.RTTStun, facts.RTTTCP or ""
	// where there are none.
	Source string
	// TCP are the round trips of the control connection, asked only while no
	// check was answered; times are since the calls were begun.
	TCP []stream.RoundTrip
	// Complete is false if the calls ended early or a part of the responder's figures
	// is missing; Reason says why.
	Complete bool
	// Enough: Plan.Enough ended the calls before the granted time.
	Enough bool
	Reason string
	Code   string // the reason as a code of facts; "" where nothing depends on it
}

// A Call is what is known of one call.
type Call struct {
	Up, Down Direction
	// RoundTrips are those of the answered checks, without the responder's own
	// time, counted from when the calls were begun. A check is lost after two seconds.
	RoundTrips []stream.RoundTrip
	ChecksLost int
	// Lateness is by how much each packet left after it was due.
	Lateness []time.Duration
	// Local is the media socket's own address, Mapped the one that the
	// responder saw it with, invalid where no check was answered.
	Local, Mapped netip.AddrPort
	PathChanges   []PathChange
	// Started is when the first packet was due, since the calls were begun.
	Started time.Duration
	// Seconds of the call are how this machine's socket fared. There may be fewer or
	// more than the call has.
	Seconds []Second
}

// A Second is how this machine's socket fared in one second of a call, from its
// first packet due.
type Second struct {
	Waited  time.Duration // longest that one lay in the socket; 0 where the kernel does not stamp
	Dropped int           // datagrams, because a buffer was full, as far as it is known in time
}

// A Direction is one way of a call.
type Direction struct {
	stream.Trace
	// Reason says why there is nothing to measure, "" if there is.
	Reason  string
	Code    string // the reason as a code of facts; "" where nothing depends on it
	Foreign int    // packets with a wrong tag
	Dropped uint32 // by the receiver's own socket for lack of buffer space: not the path's fault
	// SentLate counts the packets that the sender gave up, since they were far too
	// late (those of Trace.Late): they are neither sent nor lost. Bunched are others
	// that left more than a packet time late, and so together with the next.
	SentLate, Bunched int
	// Slow counts the packets that the sender's system took more than 5 ms after
	// their stamp: they look that much slower than the path was.
	Slow int
	// Held counts the packets that this end held back, since the responder gave no
	// sign for 2 s although checks reached it: it stood still.
	Held int
	// ReadLate counts the packets that the receiver read after a pause of its own, where
	// its system does not stamp what arrives.
	ReadLate int
	Mark     Mark
}

// A Mark says what happened to the DSCP.
type Mark struct {
	Asked  int
	Set    *int   // what the sender's system accepted; nil: not told
	Doubt  string // why it may not be on the packets
	Unread string // why the receiver cannot read marks, "" if it can
}

// A PathChange is a new address that the responder sees this machine with.
type PathChange struct {
	At   time.Duration // when it was known, since the calls were begun
	From netip.AddrPort
	To   netip.AddrPort
}

// Live are provisional figures of the first call, once a second: of the packets
// sent in that second, reported two seconds after its end.
type Live struct {
	Second   int // of the call; the first is 0
	Up, Down stream.Second
	RTT      *time.Duration // mean of what was asked in the second
}
