package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"netready/internal/atomicfile"
	"netready/internal/modes"
	"netready/internal/release"
	"netready/probe"
	"netready/probe/emodel"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/report"
	"netready/thresholds"
)

// assessFlags are the flags of an assessment, whoever starts it.
type assessFlags struct {
	settingsFlag
	turnFlags
	uploadFlags

	Region       string        `placeholder:"ID" help:"Region to call: netready regions lists them. Without it and without --responder: local, a self-test inside this computer."`
	Responder    string        `env:"NETREADY_INVITE" secret:"" placeholder:"INVITE" help:"Test invite: the line from whoever asked you to run this test (https://host:port/i#TOKEN.PIN), @FILE that holds it, or - for stdin. Without one, call quality is measured in region local only."`
	AllowMedia   []string      `sep:"," placeholder:"HOST" help:"Let the calls go to this host although the invite names another: for responders behind a load balancer, if you know the host."`
	Regions      string        `placeholder:"FILE" help:"Replaces the built-in list of regions and checks (YAML)."`
	Thresholds   string        `placeholder:"FILE" help:"Limits to use in place of the documented ones (YAML)."`
	Org          string        `placeholder:"NAME" help:"Organization, for the report."`
	Location     string        `placeholder:"TEXT" help:"Where this machine is, for the report."`
	Duration     callLength    `default:"30s" placeholder:"TIME" help:"Length of the test call, or auto: from 30s on, until no share is borderline any more, and 5m at most."`
	Codec        string        `default:"pcmu" help:"pcmu, pcma, g729, g722 or opus."`
	Calls        int           `default:"1" help:"Calls at once, as a whole office would place them."`
	JitterBuffer time.Duration `default:"60ms" help:"Packets that are later than this are discarded, as a phone does."`
	DSCP         int           `default:"46" help:"Mark of the packets that gives them priority (DSCP), 0 to 63."`
	Ie           *float64      `help:"Equipment impairment factor, instead of the codec's (with --bpl)."`
	Bpl          *float64      `help:"Packet-loss robustness factor, instead of the codec's (with --ie)."`
	Features     []string      `sep:"," placeholder:"sip-phones,byoc" help:"Also check the ports of SIP phones and of a carrier of your own; they are then required."`
	PortSamples  int           `name:"port-range-samples" default:"16" help:"Ports of a range tried at random, in addition to its two ends (0 to 512)."`
	MaxWait      time.Duration `default:"15m" placeholder:"D" help:"Longest wait for a turn when the responder is full (0: do not wait)."`
	NoBandwidth  bool          `help:"Skip the bandwidth test."`
	UnderLoad    bool          `help:"Place the call again while the line is filled, first down, then up (half a minute). It fills the line: others on it will notice."`
	CallsMax     int           `placeholder:"N" help:"Find how many calls at once this line carries, N at the most: calls are added until a limit breaks. It fills the line: others on it will notice."`
	Only         []string      `sep:"," placeholder:"PART,…" help:"Only these parts: voice, firewall, nat, ping, bandwidth. What is left out is not required."`
	Out          string        `placeholder:"DIR" help:"Folder for the result files (default: netready-results here, or in Documents where here cannot be written)."`
	Shared       bool          `help:"Let the other users of this computer read the result files; otherwise only you can."`
}

// assessment has the values of the flags once files are read and names found.
type assessment struct {
	plan     probe.Plan
	limits   thresholds.Limits
	out      string
	shared   bool      // other users of the computer may read the files
	delivery *delivery // nil: the result is sent nowhere
}

// resolve is the plan of the flags, with the folder that the results go to.
func (f *assessFlags) resolve(app *app) (assessment, error) {
	a, err := f.plan(app)
	if err != nil {
		return a, err
	}
	a.out, err = outFolder(f.Out, app.Stderr)
	return a, err
}

// plan reads the files that the flags name and checks every value before
// anything is sent.
func (f *assessFlags) plan(app *app) (assessment, error) {
	var a assessment
	if err := f.checkValues(); err != nil {
		return a, err
	}
	list, err := loadRegions(f.Regions)
	if err != nil {
		return a, err
	}
	if a.limits, err = loadLimits(f.Thresholds); err != nil {
		return a, err
	}
	given := f.chosen.Invite
	if given.Host == "" {
		if given, err = readInvite(f.Responder, app); err != nil {
			return a, err
		}
	}
	parts, err := f.parts()
	if err != nil {
		return a, err
	}
	region, err := chooseRegion(list, f.Region, given.Host != "" || f.asksTURN())
	if err != nil {
		return a, err
	}
	turn, err := f.servers(app, region, given.Host != "", f.Calls)
	if err != nil {
		return a, err
	}
	a.plan = probe.Plan{
		Region: region, Regions: list,
		Organization: report.OneLine(f.Org), Location: report.OneLine(f.Location),
		Duration: f.Duration.Duration, Codec: f.Codec, Calls: f.Calls, JitterBuffer: f.JitterBuffer,
		DSCP: f.DSCP, Ie: f.Ie, Bpl: f.Bpl, Features: f.Features, Parts: parts, UnderLoad: f.UnderLoad, CallsMax: f.CallsMax, Breaks: a.limits.Breaks,
		MaxWait: cmp.Or(f.MaxWait, -1), RangeSamples: f.PortSamples, Version: release.Version(), Token: os.Getenv(tokenVariable), AllowMedia: f.AllowMedia,
		TURN: turn, Anonymous: f.Anonymous,
	}
	if f.Duration.auto {
		a.plan.Enough = f.Duration.enough(a.limits)
	}
	if given.Host != "" {
		a.plan.Responders = []invite.Invite{given}
	}
	a.shared = f.Shared
	return a, nil
}

// checkValues refuses numbers that no call can have.
func (f *assessFlags) checkValues() error {
	_, known := emodel.FindCodec(f.Codec)
	switch {
	case f.Duration.Duration < time.Second || f.Duration.Duration > time.Hour:
		return fmt.Errorf("--duration %v: give 1s to 1h, 30s is usual, or auto", f.Duration.Duration)
	case !known:
		return fmt.Errorf("--codec %q: give %s", f.Codec, strings.Join(emodel.CodecNames(), ", "))
	case f.Calls < 1 || f.Calls > 200:
		return fmt.Errorf("--calls %d: give 1 to 200", f.Calls)
	case f.CallsMax < 0 || f.CallsMax > 200:
		return fmt.Errorf("--calls-max %d: give 1 to 200", f.CallsMax)
	case f.JitterBuffer < 0 || f.JitterBuffer > 2*time.Second:
		return fmt.Errorf("--jitter-buffer %v: give 0 to 2s, 60ms is usual", f.JitterBuffer)
	case f.DSCP < 0 || f.DSCP > 63:
		return fmt.Errorf("--dscp %d: give 0 to 63, 46 (EF) is usual for voice", f.DSCP)
	case f.MaxWait < 0 || f.MaxWait > 24*time.Hour:
		return fmt.Errorf("--max-wait %v: give 0 to 24h, 15m is usual", f.MaxWait)
	case f.PortSamples < 0 || f.PortSamples > 512:
		return fmt.Errorf("--port-range-samples %d: give 0 to 512", f.PortSamples)
	case f.Upload && f.NoUpload:
		return errors.New("--upload and --no-upload cannot be used together: choose one")
	case (f.Ie == nil) != (f.Bpl == nil):
		return errors.New("--ie and --bpl describe a codec together: give both")
	case f.Ie != nil && (*f.Ie < 0 || *f.Ie > 95 || *f.Bpl <= 0):
		return errors.New("--ie takes 0 to 95, --bpl more than 0 (ITU-T G.113 Appendix I has the values)")
	}
	for _, feature := range f.Features {
		if feature != "sip-phones" && feature != "byoc" {
			return fmt.Errorf("--features %q: give sip-phones, byoc or both", feature)
		}
	}
	return nil
}

// parts are those of --only, or all, less the bandwidth with --no-bandwidth.
func (f *assessFlags) parts() ([]string, error) {
	parts := facts.AllParts()
	if len(f.Only) > 0 {
		for i, p := range f.Only {
			p = strings.TrimSpace(p) // --only "voice, firewall"
			f.Only[i] = p
			if !slices.Contains(parts, p) {
				return nil, fmt.Errorf("--only %q: the parts are %s", p, strings.Join(parts, ", "))
			}
		}
		parts = slices.DeleteFunc(parts, func(p string) bool { return !slices.Contains(f.Only, p) })
	}
	if f.NoBandwidth {
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == facts.PartBandwidth })
	}
	if len(parts) == 0 {
		return nil, errors.New("--only bandwidth and --no-bandwidth leave nothing to do")
	}
	return parts, nil
}

func loadRegions(file string) (regions.List, error) {
	if file != "" {
		return regions.Load(file)
	}
	return regions.Default()
}

func loadLimits(file string) (thresholds.Limits, error) {
	if file == "" {
		return thresholds.Default(), nil
	}
	return thresholds.Load(file)
}

// chooseRegion finds the region by its ID. Without one the responder says
// which region it is in, and without a responder it is local.
func chooseRegion(list regions.List, id string, invited bool) (regions.Region, error) {
	if id == "" && invited {
		return regions.Region{}, nil
	}
	if id == "" {
		id = regions.Local
	}
	return list.Find(id)
}

// tokenVariable is of the environment: the token of a responder that is given
// as host:port alone.
const tokenVariable = "NETREADY_TOKEN"

// readInvite takes the invite itself, @FILE, or - for stdin; without any it is
// the zero one.
func readInvite(given string, app *app) (invite.Invite, error) {
	text := strings.TrimSpace(given)
	switch {
	case text == "":
		return invite.Invite{}, nil
	case text == "-":
		line, err := firstLine(app.Stdin)
		if err != nil {
			return invite.Invite{}, fmt.Errorf("reading the invite from stdin: %w", err)
		}
		text = line
	case strings.HasPrefix(text, "@"):
		f, err := os.Open(text[1:])
		if err != nil {
			return invite.Invite{}, fmt.Errorf("reading the invite: %w", err)
		}
		defer f.Close()
		if text, err = firstLine(f); err != nil {
			return invite.Invite{}, fmt.Errorf("reading the invite from %s: %w", f.Name(), err)
		}
		if loose := modes.Warning(f.Name(), "an invite"); loose != "" {
			app.say("%s", loose)
		}
	}
	return parseInvite(text)
}

// parseInvite reads an invite; the token of a bare host:port comes from the
// environment.
func parseInvite(text string) (invite.Invite, error) {
	parsed, err := invite.Parse(text)
	if err != nil {
		return invite.Invite{}, err
	}
	return parsed.WithToken(os.Getenv(tokenVariable))
}

// firstLine reads the first line that is not empty, in whatever encoding an
// editor or a shell saved it. It reads no further: somebody may be typing. An
// invite is far shorter than the bound.
func firstLine(r io.Reader) (string, error) {
	const most = 64 << 10
	var data []byte
	for chunk := make([]byte, 4096); len(data) < most; {
		n, err := r.Read(chunk)
		data = append(data, chunk[:n]...)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line := lineIn(data, err != nil); line != "" {
			return line, nil
		}
		if err != nil {
			break
		}
	}
	return "", errors.New("it is empty: it should hold the invite that the responder printed at its start")
}

// lineIn is the first line with something in it, "" while it may go on.
func lineIn(data []byte, ended bool) string {
	text, err := report.Decode(data)
	if err != nil { // half of a UTF-16 character
		text, _ = report.Decode(data[:len(data)-1])
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.TrimSpace(line); words != "" && (ended || strings.HasSuffix(line, "\n")) {
			return words
		}
	}
	return ""
}

// outFolder makes sure that results can be written before anything is measured.
func outFolder(given string, stderr io.Writer) (string, error) {
	if given != "" {
		if err := atomicfile.Writable(given); err != nil {
			return "", fmt.Errorf("--out: %w", err)
		}
		return given, nil
	}
	const name = "netready-results"
	first := atomicfile.Writable(name)
	if first == nil {
		return name, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w; give another folder with --out", first)
	}
	documents := filepath.Join(home, "Documents", name)
	if err := atomicfile.Writable(documents); err != nil {
		return "", fmt.Errorf("%w; %w; give another folder with --out", first, err)
	}
	fmt.Fprintln(stderr, oneLine(fmt.Sprintf("netready: this folder cannot be written (%v); the results go to %s", first, documents)))
	return documents, nil
}

// run measures and judges. Its only errors are for the user to correct.
func (a assessment) run(ctx context.Context, progress func(probe.Event)) (report.Report, error) {
	plan := a.plan
	plan.Progress = progress
	if a.delivery != nil {
		a.delivery.begin()
		plan.Home = a.delivery.granted
	}
	plan.Digests = func(r facts.Result) (facts.Digests, error) { return report.Digests(report.New(r, a.limits)) }
	result, err := probe.Run(ctx, plan)
	if err != nil {
		return report.Report{}, usageError(err)
	}
	return report.New(result, a.limits), nil
}

// save writes the TXT and the JSON, and what else was asked for.
func (a assessment) save(rep report.Report, asked []string) ([]string, error) {
	txt, js, err := report.WriteFiles(a.out, rep)
	if err != nil {
		return nil, fmt.Errorf("writing the results: %w", err)
	}
	files := []string{txt, js}
	base := strings.TrimSuffix(txt, ".txt")
	for _, ending := range asked {
		path := base + "." + ending
		if err := atomicfile.Create(path, func(w io.Writer) error { return formats[ending].Write(w, rep) }); err != nil {
			return files, fmt.Errorf("writing %s: %w", path, err)
		}
		files = append(files, path)
	}
	if a.shared {
		return files, report.Share(files...)
	}
	return files, nil
}
