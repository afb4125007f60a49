package probe

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/probe/nat"
	"netready/probe/stream"

	"github.com/oklog/ulid/v2"

	"netready/probe/call"
	"netready/probe/emodel"
	"netready/probe/machine"
	"netready/probe/relay"
)

// Run makes one assessment: ports and NAT at once, then the call alone on the link,
// then the bandwidth. What cannot be measured is noted in the Result, with the reason;
// an error is for the user to correct (a refused token, a damaged invite, an unknown
// codec). The end of ctx ends the run; what was measured is kept, and the Result is
// marked incomplete.
func Run(ctx context.Context, p Plan) (facts.Result, error) {
	codec, ok := emodel.FindCodec(p.Codec)
	if !ok {
		return facts.Result{}, emodel.UnknownCodec(p.Codec)
	}
	r := &run{plan: p, codec: codec, track: newTracker(p), load: machine.StartLoad(ctx)}
	r.begin()
	defer r.end()
	if err := r.reach(ctx); err != nil {
		return facts.Result{}, err
	}
	silence := r.startSilence(ctx)
	r.placeCalls(ctx)
	r.measureBandwidth(ctx)
	r.measureUnderLoad(ctx)
	r.measureCapacity(ctx)
	silence()
	r.finish(ctx)
	s := r.leaveOut()
	r.sign(ctx)
	if s != nil { // the reason of a missing signature comes after all others
		r.result.Signature.Reason = s.clean(r.result.Signature.Reason)
	}
	return r.result, nil
}

// run is an assessment while it is made.
type run struct {
	plan    Plan
	codec   emodel.Codec
	track   *tracker
	load    machine.Load
	result  facts.Result
	session *call.Session
	relay   *relay.Session // a TURN server instead of a responder
	local   bool           // the responder is this program's own
	closers []func()       // in the order of opening
	why     string         // why there is no session
	whyCode string         // its code
	whyErr  error          // what each responder that was named failed with, nil if none was

	nowhere  bool             // the region is not known, and no responder can be asked for it
	noPortal string           // why it is not known whether there is a captive portal
	nat      nat.Result       // what was found of the NAT so far
	own      []netip.AddrPort // what checks saw this machine with; for leaveOut
}

// begin fills in what is known before anything is measured.
func (r *run) begin() {
	p := r.plan
	parts := p.Parts
	if len(parts) == 0 {
		parts = facts.AllParts()
	}
	r.result = facts.Result{
		Schema: facts.SchemaVersion, RunID: ulid.Make().String(),
		Tool:      facts.Tool{Name: "netready", Version: p.Version},
		StartedAt: time.Now().UTC(), Organization: p.Organization, Location: p.Location,
		Region: facts.Region{ID: p.Region.ID, Name: p.Region.Name, RegionsFile: baseName(p.Regions.File)},
		Parts:  slices.Clone(parts),
		Voice: facts.Voice{
			Mode: facts.ModeNone, Codec: r.codec.Name, PtimeMS: facts.MS(stream.PacketTime), JitterBufferMS: facts.MS(p.JitterBuffer),
			DurationAskedS: p.Duration.Seconds(), Calls: p.Calls,
			Assumptions: []string{}, PerCall: []facts.CallPair{}, Timeline: []facts.Second{}, PathChanges: []string{},
		},
		Ping: []facts.Ping{}, Firewall: []facts.PortRow{}, NotMeasured: []facts.NotMeasured{},
		Environment: facts.Environment{DNS: []facts.DNSAnswer{}},
		Path:        noPath(facts.PathNoCall, "there was no call to watch the path of"),
		Complete:    true,
	}
	if !p.asks(facts.PartNAT) {
		r.nat.Reason = facts.NotAsked
	}
	if !p.asks(facts.PartBandwidth) {
		r.result.Bandwidth.Reason = facts.NotAsked
	}
	for _, part := range facts.AllParts() {
		if !p.asks(part) {
			r.missingFor(facts.CodeNotAsked, part, facts.NotAsked)
		}
	}
	if !p.asks(facts.PartFirewall) {
		r.missingFor(facts.CodeNotAsked, "environment", facts.NotAsked+": it is looked at with the firewall")
	}
}

// baseName is the name of a file without its folders, which may be named after the user.
func baseName(file string) string { return file[strings.LastIndexAny(file, `/\`)+1:] }

// end closes what was opened, the last first.
func (r *run) end() {
	for _, c := range slices.Backward(r.closers) {
		c()
	}
}

// missing notes what could not be measured.
func (r *run) missing(what, reason string) { r.missingFor("", what, reason) }

// missingFor notes it with the code of its reason. The errors of several tries are put
// on one line.
func (r *run) missingFor(code, what, reason string) {
	reason = strings.ReplaceAll(reason, "\n", ", ")
	r.result.NotMeasured = append(r.result.NotMeasured, facts.NotMeasured{What: what, Reason: reason, Code: code})
}

// finish describes the machine and completes the Result.
func (r *run) finish(ctx context.Context) {
	described := context.WithoutCancel(ctx) // a stopped run still says where it was made
	m, gaps := machine.Describe(described, r.farHost(), r.load)
	if m.Interface.Wifi = r.result.Machine.Interface.Wifi; m.Interface.Wifi != nil && m.Interface.Wifi.SignalDBM != nil {
		// All through the call tells more than one look at its end.
		m.Interface.WifiDBM = m.Interface.Wifi.SignalDBM
		gaps = withoutSignal(gaps)
	}
	if m.Interface.Wifi == nil && m.Interface.Kind == facts.Wifi && ctx.Err() == nil {
		gaps = lookAtRadio(ctx, &m.Interface, gaps)
	}
	r.result.Machine = m
	r.result.NotMeasured = append(r.result.NotMeasured, gaps...)
	if r.plan.asks(facts.PartNAT) {
		for _, gap := range r.nat.Gaps() {
			gap.Code = r.whyCode // "" where there is a session
			r.result.NotMeasured = append(r.result.NotMeasured, gap)
		}
	}
	r.result.NAT = r.nat.NAT
	if ctx.Err() != nil {
		r.result.Complete = false
		r.missingFor(facts.CodeStopped, "run", "the run was stopped before its end")
	}
	r.result.FinishedAt = time.Now().UTC()
	r.track.at(StepDone, 0, nil)
}

// farHost is the host whose interface the call uses: the responder's, the TURN
// server's, or none.
func (r *run) farHost() string {
	if r.relay != nil {
		return r.relay.Address()
	}
	if r.session == nil {
		return ""
	}
	if media, err := r.session.Control().Media(); err == nil {
		if host, _, err := net.SplitHostPort(media); err == nil {
			return host
		}
	}
	return ""
}
