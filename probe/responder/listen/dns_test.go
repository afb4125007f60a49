package listen

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Whether a question has an OPT record is told without its options, which may claim more
// than it has.
func TestOptionsAreNotRead(t *testing.T) {
	question := append([]byte(nil), make([]byte, 12)...) // a header
	n := uint16(0)
	for ; len(question) < 4_000; n++ {
		question = append(question, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 4, 0, 12, 0x0f, 0)
	}
	binary.BigEndian.PutUint16(question[10:], n)
	var p dnsmessage.Parser
	if allocations := testing.AllocsPerRun(10, func() {
		_, err := p.Start(question)
		if err != nil || p.SkipAllQuestions() != nil || !isExtended(&p) {
			t.Fatal("there is an OPT record")
		}
	}); allocations > 0 {
		t.Errorf("%.0f allocations for options that nobody needs", allocations)
	}
	binary.BigEndian.PutUint16(question[10:], n+1)
	question = question[:len(question)-15*int(n)]
	if _, err := p.Start(question); err != nil || p.SkipAllQuestions() != nil || isExtended(&p) {
		t.Error("a record that is counted and missing is none")
	}
}
