package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	stdhtml "html"
	"net"
	"net/netip"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/probe/facts"

	"netready/probe"
	"netready/probe/ice"
	"netready/probe/internal/turntest"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

// answers are the fields whose null is itself an answer, and why. A * stands for an element
// of a list or for one name.
var answers = map[string]string{
	"findings.*.got":   "a port or a circumstance is no figure; of an unknown one the text says why",
	"findings.*.limit": "not everything that is found has a limit",
	"path.mtu.told":    "no router said anything",
	// A graph has a gap where there is nothing to draw; the counts of that second are
	// beside it.
	"voice.timeline.*.up":             "nothing was sent up in that second",
	"voice.timeline.*.down":           "nothing was sent down in that second",
	"voice.timeline.*.rtt_ms":         "no check of that second was answered",
	"voice.timeline.*.*.loss_percent": "nothing was sent in that second",
	"voice.timeline.*.*.jitter_ms":    "nothing arrived of that second",
	"voice.timeline.*.*.delay_ms":     "nothing arrived of that second",
	"voice.timeline.*.*.avg_ms":       "nothing that was asked in that second was answered",
	"voice.timeline.*.pc.*":           "nothing was sent or arrived, or voice.pc says that the system does not tell it",
	"path.hops.*.min_ms":              "it never answered, as its count says",
	"path.hops.*.avg_ms":              "it never answered, as its count says",
	"path.hops.*.p95_ms":              "it never answered, as its count says",
	"path.hops.*.dscp":                "an answer need not tell which mark the question arrived with",
}

// beside are the fields whose reason stands in another one of the same part,
// and a word that must be in it.
var beside = map[string][2]string{
	"ping.*.min_ms":                       {"reason", ""},
	"ping.*.avg_ms":                       {"reason", ""},
	"ping.*.max_ms":                       {"reason", ""},
	"nat.survives_30s":                    {"reason", "no NAT"},
	"environment.captive_portal":          {"reason", "no host"},
	"path.mark_kept_to":                   {"mark_reason", ""},
	"path.mark_lost_at":                   {"mark_reason", ""},
	"path.ecn_lost_at":                    {"mark_reason", ""},
	"path.mtu.bytes":                      {"reason", ""},
	"voice.pc.*":                          {"reason", ""},
	"under_load.*":                        {"reason", ""},
	"under_load.*.*":                      {"reason", ""},
	"under_load.*.*.dscp_set":             {"dscp_not_set", ""},
	"under_load.*.*.dscp_received":        {"dscp_reason", ""},
	"machine.interface.wifi.*":            {"reason", ""},
	"machine.interface.mbps":              {"reason", "link speed"},
	"machine.interface.wifi_dbm":          {"reason", "signal"},
	"voice.up.dscp_set":                   {"dscp_not_set", ""},
	"voice.down.dscp_set":                 {"dscp_not_set", ""},
	"voice.per_call.*.up.dscp_set":        {"dscp_not_set", ""},
	"voice.loop.dscp_set":                 {"dscp_not_set", ""},
	"voice.loop.dscp_received":            {"dscp_reason", ""},
	"voice.per_call.*.loop.dscp_set":      {"dscp_not_set", ""},
	"voice.per_call.*.loop.dscp_received": {"dscp_reason", ""},
	"voice.per_call.*.down.dscp_set":      {"dscp_not_set", ""},
	"voice.up.dscp_received":              {"dscp_reason", ""},
	"voice.down.dscp_received":            {"dscp_reason", ""},
	"voice.per_call.*.up.dscp_received":   {"dscp_reason", ""},
	"voice.per_call.*.down.dscp_received": {"dscp_reason", ""},
}

// figures are what is measured of the parts that hold settings or words too.
var figures = map[string][]string{
	"voice":       {"up", "down", "rtt", "send_lateness_ms"},
	"nat":         {"behind", "mapping", "port_kept", "survives_30s", "sip_alg"},
	"bandwidth":   {"up_mbps", "down_mbps", "calls_up", "calls_down"},
	"environment": {"captive_portal", "ipv4", "ipv6", "dns"},
}

// nullCheck is a report as JSON, and what it says of each null.
type nullCheck struct {
	document map[string]any
	said     map[string]string
	wrong    []string
}

// unsaid compares the JSON of a report with its not_measured: whatever is null has a
// reason, and whatever has a reason is null.
func unsaid(t *testing.T, r report.Report) []string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	p := nullCheck{said: map[string]string{}}
	if err := json.Unmarshal(b.Bytes(), &p.document); err != nil {
		t.Fatal(err)
	}
	for _, n := range r.NotMeasured {
		if strings.TrimSpace(n.Reason) == "" {
			p.fault("%s has no reason", n.What)
		}
		if p.said[n.What] != "" && !strings.Contains(n.What, "[]") {
			p.fault("%s is said twice", n.What)
		}
		p.said[n.What] = n.Reason
		p.entry(n.What)
	}
	p.walk("", p.document, nil)
	for _, row := range r.Firewall {
		if row.Status == facts.StatusNotMeasured && (row.Reason == "" || row.Detail == "") {
			p.fault("the row %s was not measured and does not say why", row.Name)
		}
	}
	return p.wrong
}

func (p *nullCheck) fault(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// walk visits every field; lists are parts with numbers for names.
func (p *nullCheck) walk(at string, v any, holder map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		if strings.HasPrefix(at, "voice.per_call.") && p.isReported(v) || strings.HasPrefix(at, "voice.relay.loops.") {
			return // it is said of voice.up, voice.down and voice.loop
		}
		for name, inner := range v {
			p.walk(strings.TrimPrefix(at+"."+name, "."), inner, v)
		}
	case []any:
		for i, inner := range v {
			p.walk(fmt.Sprintf("%s.%d", at, i), inner, nil)
		}
	case nil:
		p.null(at, holder)
	case string:
		if v == "" && at == "nat.mapping" { // a word, not a figure: empty is null
			p.null(at, holder)
		}
	}
}

// null requires a reason for a field: in not_measured, of the field or of what contains it,
// or beside it.
func (p *nullCheck) null(at string, holder map[string]any) {
	for name := at; name != "."; name = parent(name) {
		if p.said[brackets(name, "%s")] != "" || p.said[brackets(name, "")] != "" {
			return
		}
	}
	for pattern := range answers {
		if ok, _ := path.Match(slashes(pattern), slashes(at)); ok {
			return
		}
	}
	for pattern, where := range beside {
		if ok, _ := path.Match(slashes(pattern), slashes(at)); ok {
			if reason, _ := holder[where[0]].(string); reason != "" && strings.Contains(reason, where[1]) {
				return
			}
		}
	}
	p.fault("%s is null and nothing says why", at)
}

func slashes(s string) string { return strings.ReplaceAll(s, ".", "/") }

func parent(name string) string {
	return strings.ReplaceAll(path.Dir(slashes(name)), "/", ".")
}

// brackets writes voice.per_call.1.up as not_measured does: with the call's
// number, or with none for all that lack the figure.
func brackets(name, number string) string {
	parts := strings.SplitN(name, ".", 4)
	if len(parts) < 3 || parts[1] != "per_call" {
		return name
	}
	index := ""
	if number != "" {
		index = parts[2]
	}
	parts[1] += "[" + index + "]"
	return strings.Join(slices.Delete(parts, 2, 3), ".")
}

func (p *nullCheck) isReported(pair map[string]any) bool {
	voice, _ := p.document["voice"].(map[string]any)
	reported := map[string]any{"up": voice["up"], "down": voice["down"]}
	if voice["loop"] != nil {
		reported["loop"] = voice["loop"]
	}
	return reflect.DeepEqual(pair, reported)
}

// entry requires that a field with a reason is really null.
func (p *nullCheck) entry(what string) {
	switch what {
	case "run", "voice.complete":
		if p.document["complete"] == true {
			p.fault("%s is said of a complete run", what)
		}
		return
	case "firewall.responder":
		if rows, _ := p.document["firewall"].([]any); !slices.ContainsFunc(rows, isUnmeasured) {
			p.fault("%s is said and every row was measured", what)
		}
		return
	}
	for _, name := range p.meant(what) {
		v, ok := p.at(name)
		if !ok {
			p.fault("%s is no field", what)
			continue
		}
		if !isMissing(what, v) {
			p.fault("%s was measured: %v", what, v)
		}
	}
}

// meant are the fields that a name stands for: per_call[] is those that are
// null, one at least.
func (p *nullCheck) meant(what string) []string {
	const all = "voice.per_call[]."
	figure, ok := strings.CutPrefix(what, all)
	if !ok {
		return []string{strings.NewReplacer("[", ".", "]", "").Replace(what)}
	}
	voice, _ := p.document["voice"].(map[string]any)
	calls, _ := voice["per_call"].([]any)
	for i := range calls {
		name := fmt.Sprintf("voice.per_call.%d.%s", i, figure)
		if v, ok := p.at(name); ok && v == nil {
			return []string{name}
		}
	}
	return []string{what}
}

// at finds a field.
func (p *nullCheck) at(name string) (v any, ok bool) {
	v = p.document
	for part := range strings.SplitSeq(name, ".") {
		switch holder := v.(type) {
		case map[string]any:
			if v, ok = holder[part]; !ok {
				return nil, false
			}
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(holder) {
				return nil, false
			}
			v = holder[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func isMissing(what string, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return !slices.ContainsFunc(v, func(row any) bool { return !isUnmeasured(row) })
	case map[string]any:
		if len(figures[what]) == 0 {
			return false
		}
		return !slices.ContainsFunc(figures[what], func(name string) bool { return !isMissing("", v[name]) })
	}
	return false
}

func isUnmeasured(row any) bool {
	r, _ := row.(map[string]any)
	return r["status"] == facts.StatusNotMeasured
}

// hidden are the reasons that a reader of the TXT, of the page or of the
// workbook does not find.
func hidden(t *testing.T, r report.Report) (missing []string) {
	t.Helper()
	var text, page bytes.Buffer
	if err := report.WriteText(&text, r); err != nil {
		t.Fatal(err)
	}
	read, _, err := report.ReadText(&text)
	if err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&page, r); err != nil {
		t.Fatal(err)
	}
	shown := stdhtml.UnescapeString(page.String())
	var cell string
	for _, c := range report.Columns() {
		if c.Name == "Not measured" {
			cell, _ = c.Value(&r).(string)
		}
	}
	for _, n := range r.NotMeasured {
		if !slices.Contains(read.NotMeasured, facts.NotMeasured{What: n.What, Reason: report.OneLine(n.Reason), Code: n.Code}) {
			missing = append(missing, "the TXT lacks "+n.What+": "+n.Reason)
		}
		if !strings.Contains(shown, n.Reason) {
			missing = append(missing, "the page lacks "+n.Reason)
		}
		if !strings.Contains(cell, report.OneLine(n.Reason)) {
			missing = append(missing, "the workbook's cell lacks "+n.Reason)
		}
	}
	return missing
}

// undocumented are the names that the documentation's page does not have.
func undocumented(t *testing.T, r report.Report) (missing []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/not-measured.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, quoted := range regexp.MustCompile("`([a-z][^` ]*)`").FindAllStringSubmatch(string(text), -1) {
		if name := plain(quoted[1]); name != "voice.*" { // it would take any figure of the call
			names = append(names, slashes(name))
		}
	}
	for _, n := range r.NotMeasured {
		if !slices.ContainsFunc(names, func(name string) bool {
			known, err := path.Match(name, slashes(plain(n.What)))
			return err == nil && known
		}) {
			missing = append(missing, "docs/not-measured.md lacks "+n.What)
		}
	}
	return missing
}

// plain makes one name of those that differ by the call's number alone, and
// one of the figures of all other calls and of the reported one.
func plain(name string) string {
	name = strings.Replace(name, "voice.per_call[].", "voice.", 1)
	return regexp.MustCompile(`\[[0-9]+\]`).ReplaceAllString(name, "(n)")
}

// far is a responder on loopback that ends with the test.
func far(t *testing.T, change func(*responder.Config)) *responder.Server {
	t.Helper()
	c := responder.Local()
	if change != nil {
		change(&c)
	}
	s, err := responder.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// silent is the address of a UDP socket that answers nothing: a firewall.
func silent(t *testing.T) string {
	t.Helper()
	c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// scene is one kind of run.
type scene struct {
	parts []string
	calls int
	long  time.Duration // the call; 0: a second
	plan  func(t *testing.T, p *probe.Plan, stop func())
}

// during calls something once, when the call has sent its first live figures.
func during(p *probe.Plan, do func()) {
	once := sync.OnceFunc(func() { go do() })
	p.Progress = func(e probe.Event) {
		if e.Live != nil {
			once()
		}
	}
}

// throughTURN is a call through a TURN server of the test's own; without UDP, TCP and TLS
// nothing listens at the port that is named.
func throughTURN(o turntest.Options) func(*testing.T, *probe.Plan, func()) {
	return func(t *testing.T, p *probe.Plan, _ func()) {
		t.Helper()
		s := turntest.Start(t, o)
		list := ice.Server{Username: ice.NewSecret(turntest.User), Password: ice.NewSecret(turntest.Password)}
		for _, at := range []struct {
			address   netip.AddrPort
			transport string
		}{{s.UDP, ice.UDP}, {s.TCP, ice.TCP}} {
			if at.address.IsValid() {
				list.URIs = append(list.URIs, ice.URI{Host: at.address.Addr().String(), Port: int(at.address.Port()), Transport: at.transport})
			}
		}
		if len(list.URIs) == 0 {
			list.URIs = []ice.URI{{Host: "127.0.0.1", Port: 1, Transport: ice.TCP}}
		}
		p.Region, p.TURN = regions.Region{}, []ice.Server{list}
	}
}

func scenes() map[string]scene {
	all := map[string]scene{
		"local": {},
		"no responder": {plan: func(_ *testing.T, p *probe.Plan, _ func()) {
			p.Region = regions.Region{ID: "nowhere"}
			p.Regions = regions.List{Regions: []regions.Region{p.Region}}
		}},
		"no responder, and rows of others": {plan: func(_ *testing.T, p *probe.Plan, _ func()) {
			p.Region = regions.Region{ID: "nowhere"}
			p.Regions = regions.List{Regions: []regions.Region{p.Region}, Checks: []regions.Check{
				{Name: "Service", Protocol: "tcp", Host: "localhost", Port: 1, Required: true},
				{Name: "UDP to the responder", Protocol: "udp", Host: "responder", Required: true},
			}}
		}},
		"through a TURN server":                {plan: throughTURN(turntest.Options{})},
		"through a TURN server, two calls":     {calls: 2, plan: throughTURN(turntest.Options{})},
		"through a TURN server that has UDP":   {plan: throughTURN(turntest.Options{NoTCP: true, NoTLS: true})},
		"through a TURN server that has TCP":   {plan: throughTURN(turntest.Options{NoUDP: true, NoTLS: true})},
		"through a TURN server that is not up": {plan: throughTURN(turntest.Options{NoTCP: true, NoTLS: true, NoUDP: true, DTLS: true})},
		"responder dead": {plan: func(t *testing.T, p *probe.Plan, _ func()) {
			t.Helper()
			s := far(t, nil)
			p.Responders = []invite.Invite{s.Invite()}
			_ = s.Close()
		}},
		"responder dies half way": {parts: []string{facts.PartVoice, facts.PartBandwidth}, long: 4 * time.Second, plan: func(t *testing.T, p *probe.Plan, _ func()) {
			t.Helper()
			s := far(t, nil)
			p.Responders = []invite.Invite{s.Invite()}
			during(p, func() { _ = s.Close() })
		}},
		"stopped at once":   {plan: func(_ *testing.T, _ *probe.Plan, stop func()) { stop() }},
		"stopped half way":  {long: 4 * time.Second, plan: func(_ *testing.T, p *probe.Plan, stop func()) { during(p, stop) }},
		"a firewall drops":  {plan: dropping},
		"several calls":     {calls: 3, parts: []string{facts.PartVoice}},
		"several, dropping": {calls: 3, parts: []string{facts.PartVoice}, plan: dropping},
		"a longer call":     {long: 9 * time.Second, parts: []string{facts.PartVoice}},
	}
	for _, part := range facts.AllParts() {
		all["only "+part] = scene{parts: []string{part}}
	}
	return all
}

// dropping is a plan whose datagrams nobody answers.
func dropping(t *testing.T, p *probe.Plan, _ func()) {
	t.Helper()
	at := silent(t)
	p.Responders = []invite.Invite{far(t, func(c *responder.Config) { c.AdvertiseMedia = at }).Invite()}
}

// A figure that was not measured is null and says why: in every kind of run,
// in every file.
func TestEveryNullHasAReason(t *testing.T) {
	t.Parallel()
	regions, err := regions.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	local, err := regions.Find("local")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			p := probe.Plan{
				Region: local, Regions: regions, Duration: max(s.long, time.Second), Codec: "pcmu", Calls: max(s.calls, 1),
				JitterBuffer: 60 * time.Millisecond, DSCP: 46, Parts: s.parts,
			}
			if s.plan != nil {
				s.plan(t, &p, stop)
			}
			found, err := probe.Run(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			r := report.New(found, thresholds.Default())
			for _, wrong := range slices.Concat(unsaid(t, r), hidden(t, r), undocumented(t, r)) {
				t.Error(wrong)
			}
			if t.Failed() || testing.Verbose() {
				for _, n := range r.NotMeasured {
					t.Logf("%s: %s", n.What, n.Reason)
				}
			}
		})
	}
}
