package port

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
)

// ntpAnswers answers in NTP, 90 s fast, and as spoil changes it.
func ntpAnswers(t *testing.T, spoil func([]byte)) int {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil || n != ntpSize || b[0] != ntpClient {
				return
			}
			answer := make([]byte, ntpSize)
			answer[0], answer[1] = 4<<3|ntpServer, 2
			copy(answer[ntpOrigin:], b[ntpTransmit:n])
			fast := uint32(time.Now().Add(90*time.Second).Unix() + 2208988800)
			binary.BigEndian.PutUint32(answer[ntpReceive:], fast)
			binary.BigEndian.PutUint32(answer[ntpTransmit:], fast)
			spoil(answer)
			_, _ = c.WriteToUDPAddrPort(answer, from)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).Port
}

func TestNTP(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason, detail string
		spoil                func([]byte)
	}{
		{"right", "", "clock is off by 1m", func([]byte) {}}, // 90 s, less the second's fraction
		{"a stamp that nobody asked with", facts.ReasonHijacked, "not the host that was asked", func(b []byte) { b[ntpOrigin]++ }},
		{"the question itself", facts.ReasonHijacked, "not the host that was asked", func(b []byte) { b[0] = ntpClient }},
		{"kiss of death", "", "(RATE)", func(b []byte) { b[1] = 0; copy(b[12:], "RATE") }},
		{"unset", "", "not set", func(b []byte) { b[0] |= ntpNoSync << 6 }},
	}
	var checks []Check
	for _, test := range tests {
		checks = append(checks, Check{Name: test.name, Protocol: "ntp", Host: "127.0.0.1", Port: ntpAnswers(t, test.spoil)})
	}
	for i, row := range Run(t.Context(), checks, Options{}) {
		if row.Reason != tests[i].reason || !strings.Contains(row.Detail, tests[i].detail) {
			t.Errorf("%s: got %s %s, %s", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
}

func TestNTPTime(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{time.Date(2026, 11, 25, 6, 0, 0, 500e6, time.UTC), time.Date(2036, 2, 7, 7, 0, 0, 0, time.UTC)} {
		var b [8]byte
		binary.BigEndian.PutUint32(b[:], uint32(want.Unix()+2208988800))
		binary.BigEndian.PutUint32(b[4:], uint32(want.Nanosecond()/1e6<<32/1000))
		if got := ntpTime(b[:]); !got.Equal(want) {
			t.Errorf("got %s, want %s", got.UTC(), want)
		}
	}
}
