package port

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"netready/probe/facts"
)

// hostileAnswer is an answer to the query 1 for here.invalid., with records that are counted
// and written as a test likes.
func hostileAnswer(answers, additionals uint16, records ...[]byte) []byte {
	b := []byte{0, 1, 0x81, 0x80, 0, 1}
	b = binary.BigEndian.AppendUint16(b, answers)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, additionals)
	b = append(b, "\x04here\x07invalid\x00\x00\x01\x00\x01"...)
	return append(b, slices.Concat(records...)...)
}

func hostileQuestion() *dnsQuestion {
	return &dnsQuestion{name: "here.invalid.", kind: 1, absent: true, ids: map[uint16]bool{1: true}}
}

// An answer of 64 KiB whose OPT records claim the whole rest of the message as their option
// takes no more memory than a small one.
func TestDNSAnswerTakesLittleMemory(t *testing.T) {
	const size, head = 65_535, 30
	var records []byte
	n := uint16(0)
	for ; head+len(records)+15 <= size; n++ {
		records = append(records, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 4, 0, 12)
		records = binary.BigEndian.AppendUint16(records, uint16(size-head-len(records)-2))
	}
	for name, raw := range map[string][]byte{
		"OPT":              hostileAnswer(0, n, records),
		"OPT as an answer": hostileAnswer(n, 0, records),
		"empty texts":      hostileAnswer(1, 0, []byte{0, 0, 16, 0, 1, 0, 0, 0, 0, 0xff, 0}, bytes.Repeat([]byte{0}, 0xff00)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		hostileQuestion().judge(raw)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 256<<10 {
			t.Errorf("%s: an answer of %d bytes takes %d", name, len(raw), took)
		}
	}
}

// An invented address counts, whatever comes after it.
func TestInventedAnswerThatEndsEarly(t *testing.T) {
	address := []byte("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\xc0\x00\x02\x01")
	dotted := []byte("\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x00\x00\x05\x03a.b\x00")
	for name, raw := range map[string][]byte{
		"whole":                      hostileAnswer(1, 0, address),
		"fewer records than counted": hostileAnswer(2, 0, address),
		"half a record after it":     hostileAnswer(2, 0, address, address[:7]),
		"an odd alias after it":      hostileAnswer(2, 0, address, dotted),
		"an odd alias alone":         hostileAnswer(1, 0, dotted),
		"no extension as counted":    hostileAnswer(1, 1, address),
	} {
		if got := hostileQuestion().judge(raw); got.reason != facts.ReasonHijacked {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
