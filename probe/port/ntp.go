package port

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// ntp asks for the time (RFC 5905, client mode). An answer has to repeat the
// question's own transmit stamp.
func (t target) ntp(ctx context.Context) outcome {
	q := ntpQuestion{t: t, asked: map[uint64]time.Time{}}
	return t.exchange(ctx, exchange{ask: q.ask, judge: q.judge})
}

// ntpQuestion makes questions and judges their answers.
type ntpQuestion struct {
	t     target
	asked map[uint64]time.Time // by the stamp that the question carried
}

// Fields of an NTP packet (RFC 5905 7.3).
const (
	ntpSize     = 48
	ntpOrigin   = 24 // offsets
	ntpReceive  = 32
	ntpTransmit = 40
	ntpClient   = 4<<3 | 3 // version 4, mode 3
	ntpServer   = 4        // mode
	ntpNoSync   = 3        // leap indicator
)

// ask makes a question. Its stamp is a random number, which nobody else can know; some
// clients do that to hide the time of their machine.
func (q *ntpQuestion) ask() ([]byte, error) {
	b := make([]byte, ntpSize)
	b[0] = ntpClient
	_, _ = rand.Read(b[ntpTransmit:]) // never fails
	q.asked[binary.BigEndian.Uint64(b[ntpTransmit:])] = time.Now()
	return b, nil
}

func (q *ntpQuestion) judge(b []byte) *outcome {
	now := time.Now()
	if len(b) < ntpSize || b[0]&7 != ntpServer {
		return q.t.impostor()
	}
	asked, ours := q.asked[binary.BigEndian.Uint64(b[ntpOrigin:])]
	if !ours {
		return q.t.impostor()
	}
	var o outcome
	switch {
	case b[1] == 0: // stratum: a kiss of death, RFC 5905 7.4
		o = passed(fmt.Sprintf("answered, and asked for no more requests (%s): the path is open", printable(b[12:16])))
	case b[0]>>6 == ntpNoSync || b[1] > 15:
		o = passed("answered, but its own clock is not set")
	default:
		offset := (ntpTime(b[ntpReceive:]).Sub(asked) + ntpTime(b[ntpTransmit:]).Sub(now)) / 2 // RFC 5905 8
		o = passed(fmt.Sprintf("answered; this machine's clock is off by %s", offset.Round(time.Millisecond)))
	}
	return &o
}

// ntpTime reads a stamp: seconds since 1900, or since 2036 where the first bit
// is not set (RFC 5905 6), and 2^-32 of them.
func ntpTime(b []byte) time.Time {
	seconds, fraction := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	if seconds < 1<<31 {
		seconds += 1 << 32
	}
	const since1900 = 2208988800 // of 1970, in seconds
	return time.Unix(seconds-since1900, fraction*1e9>>32)
}
