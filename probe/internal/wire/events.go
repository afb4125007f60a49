package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"netready/probe/stream"
)

// A Departure is one packet that the responder sent.
type Departure struct {
	Seq  int64         // from 0, never wraps
	Sent time.Duration // the stamp in the packet, on the responder's clock
}

// maxStamp bounds the stamps of a trace: centuries, and their differences stay
// within a Duration.
const maxStamp = time.Duration(1 << 61)

// errPacked is wrapped by every error of UnpackArrivals and UnpackDepartures.
var errPacked = errors.New("the trace from the responder is damaged")

// usualRecord is about how many bytes an arrival takes, so that room need not grow.
const usualRecord = 12

// PackArrivals writes arrivals as their number and, for each, the differences
// to the one before as signed varints: sequence number, sender's stamp,
// receiver's stamp; then the DSCP plus one. No arrivals make no bytes.
func PackArrivals(arrivals []stream.Arrival) []byte {
	if len(arrivals) == 0 {
		return nil
	}
	b := binary.AppendUvarint(make([]byte, 0, usualRecord*(1+len(arrivals))), uint64(len(arrivals)))
	var last stream.Arrival
	for _, a := range arrivals {
		b = binary.AppendVarint(b, a.Seq-last.Seq)
		b = binary.AppendVarint(b, int64(a.Sent-last.Sent))
		b = binary.AppendVarint(b, int64(a.Received-last.Received))
		b = binary.AppendUvarint(b, uint64(a.DSCP+1))
		last = a
	}
	return b
}

// UnpackArrivals reads what PackArrivals wrote, of a stream of so many packets; most
// bounds the records that may still come. Both are known beforehand, so that no number
// from the far end sizes anything.
func UnpackArrivals(b []byte, packets, most int) ([]stream.Arrival, error) {
	r := unpacker{b: b, packets: packets, most: most}
	n := r.count(4) // bytes of the shortest record
	arrivals := make([]stream.Arrival, 0, n)
	var last stream.Arrival
	for range n {
		last.Seq = r.seq(last.Seq)
		last.Sent = r.stamp(last.Sent)
		last.Received = r.stamp(last.Received)
		last.DSCP = r.dscp()
		arrivals = append(arrivals, last)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return arrivals, nil
}

// PackDepartures writes departures like PackArrivals.
func PackDepartures(departures []Departure) []byte {
	if len(departures) == 0 {
		return nil
	}
	b := binary.AppendUvarint(make([]byte, 0, usualRecord*(1+len(departures))), uint64(len(departures)))
	var last Departure
	for _, d := range departures {
		b = binary.AppendVarint(b, d.Seq-last.Seq)
		b = binary.AppendVarint(b, int64(d.Sent-last.Sent))
		last = d
	}
	return b
}

// UnpackDepartures reads what PackDepartures wrote, within the same bounds.
func UnpackDepartures(b []byte, packets, most int) ([]Departure, error) {
	r := unpacker{b: b, packets: packets, most: most}
	n := r.count(2)
	departures := make([]Departure, 0, n)
	var last Departure
	for range n {
		last.Seq = r.seq(last.Seq)
		last.Sent = r.stamp(last.Sent)
		departures = append(departures, last)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return departures, nil
}

// unpacker reads varints and keeps the first error.
type unpacker struct {
	b       []byte
	packets int // of the stream
	most    int // records
	err     error
}

func (r *unpacker) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errPacked, what)
	}
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("a number is cut short")
		r.b = nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *unpacker) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads the number of records and believes it only as far as the bytes
// that follow can hold so many.
func (r *unpacker) count(shortest int) int {
	if len(r.b) == 0 {
		return 0
	}
	n := r.uvarint()
	switch {
	case n > uint64(len(r.b)/shortest):
		r.fail("it announces more records than it holds")
		return 0
	case n > uint64(max(0, r.most)):
		r.fail("it reports more packets than the call can have")
		return 0
	}
	return int(n)
}

func (r *unpacker) seq(last int64) int64 {
	s := last + r.varint()
	if s < 0 || s >= int64(r.packets) {
		r.fail("a sequence number does not belong to the call")
		return 0
	}
	return s
}

func (r *unpacker) stamp(last time.Duration) time.Duration {
	d := time.Duration(r.varint())
	if s := last + d; d.Abs() <= 2*maxStamp-1 && s.Abs() <= maxStamp {
		return s
	}
	r.fail("a stamp is impossible")
	return 0
}

func (r *unpacker) dscp() int {
	v := r.uvarint()
	if v > 64 {
		r.fail("a DSCP is above 63")
		return stream.NoDSCP
	}
	return int(v) - 1
}

func (r *unpacker) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes are left over")
	}
	return r.err
}
