package probe

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/stream"
)

// sentAndArrived is a direction of which the first packets arrived.
func sentAndArrived(sent, arrived int) call.Direction {
	d := call.Direction{Trace: stream.Trace{Sent: sent, PacketTime: stream.PacketTime}}
	for i := range arrived {
		at := time.Duration(i) * stream.PacketTime
		d.Arrivals = append(d.Arrivals, stream.Arrival{Seq: int64(i), Sent: at, Received: at + 30*time.Millisecond, DSCP: stream.NoDSCP})
	}
	return d
}

// What a direction lacks is named with a reason, and nothing else is.
func TestDirectionGaps(t *testing.T) {
	for _, test := range []struct {
		name          string
		sent, arrived int
		want          string // the reason of the jitter
	}{
		{"nothing arrived", 500, 0, "nothing arrived"},
		{"too few arrived", 500, 9, "fewer than 10"},
		{"few were sent", 20, 20, ""},
		{"half arrived", 500, 250, ""},
		{"all arrived", 500, 500, ""},
	} {
		d, noSkew := direction(sentAndArrived(test.sent, test.arrived), 60*time.Millisecond, quality(t, "pcmu"), thisPC, theResponder)
		said := map[string]string{}
		for _, gap := range directionGaps(d, "voice.up", noSkew) {
			said[strings.TrimPrefix(gap.What, "voice.up.")] = gap.Reason
		}
		document, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(document, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range fields["burst"].(map[string]any) {
			fields["burst."+name] = value
		}
		for name, value := range fields {
			if named := said[name] != ""; name != "dscp_received" && name != "dscp_set" && named != (value == nil) {
				t.Errorf("%s: %s is %v, and its reason is %q", test.name, name, value, said[name])
			}
		}
		if !strings.Contains(said["jitter_ms"], test.want) {
			t.Errorf("%s: got %q, want %q", test.name, said["jitter_ms"], test.want)
		}
		if d.DSCPSet == nil && d.DSCPNotSet == "" {
			t.Errorf("%s: no word of why it is not known what was set", test.name)
		}
		if d.DSCPReceived == nil && d.DSCPReason == "" {
			t.Errorf("%s: dscp_received is null without a reason", test.name)
		}
	}
}
