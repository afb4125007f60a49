package wire

import (
	"testing"

	"github.com/pion/stun/v3"
)

func FuzzParseSTUNAnswer(f *testing.F) {
	m := stun.MustBuild(stun.TransactionID, stun.BindingSuccess, &stun.XORMappedAddress{IP: []byte{192, 0, 2, 1}, Port: 7})
	f.Add(m.Raw)
	f.Add(m.Raw[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := ParseSTUNAnswer(b)
		if at, known := a.Mapped(); known && (!ok || !at.IsValid()) {
			t.Errorf("an address %v of no answer", at)
		}
	})
}

func FuzzParseSIPResponse(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;\r\n branch=z9hG4bK.1\r\ni: x\r\n\r\n"))
	f.Add([]byte("sip/2.0 100\r\nCall-ID : y\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, ok := ParseSIPResponse(b); ok && (a.Status < 100 || a.Status > 699) {
			t.Errorf("status %d", a.Status)
		}
	})
}
