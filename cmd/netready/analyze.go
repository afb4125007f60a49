package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"netready/probe/facts"

	"netready/probe"
	"netready/probe/capture"
	"netready/probe/emodel"
	"netready/probe/stream"
	"netready/report"
)

// analyzeCmd measures the RTP streams in a capture.
type analyzeCmd struct {
	File         string         `arg:"" help:"pcap or pcapng, gzip-compressed or not; - reads standard input."`
	JitterBuffer time.Duration  `default:"60ms" help:"Packets later than this count as discarded." placeholder:"60ms"`
	RTT          *time.Duration `name:"rtt" help:"Round trip of the path, for the MOS: a capture does not hold it (default: taken as 0)." placeholder:"80ms"`
	Codec        string         `help:"Codec of payload types that are not fixed by RFC 3551 (default: found from the packets)." placeholder:"NAME"`
	ClockRate    uint32         `help:"Their RTP clock rate (default: found from the packets)." placeholder:"HZ"`
	Map          []string       `help:"Codec of one payload type, as in 96=opus or 97=amr-wb/16000; may be repeated." placeholder:"TYPE=CODEC"`
	Ie           *float64       `help:"Equipment impairment factor, in place of the codec's." placeholder:"IE"`
	Bpl          *float64       `help:"Packet-loss robustness, in place of the codec's." placeholder:"BPL"`
	JSON         bool           `name:"json" help:"One JSON document on stdout."`
}

// analysis is what --json prints.
type analysis struct {
	Streams []analyzedStream `json:"streams"`
	Packets int              `json:"packets"`  // frames in the capture
	UDP     int              `json:"udp"`      // UDP datagrams among them
	Framed  int              `json:"framed"`   // datagrams that TCP carried (RFC 4571, TURN, RTSP)
	NotRead []capture.Other  `json:"not_read"` // what else is there: fax, encrypted tunnels, …
	Notes   []string         `json:"notes"`    // what was left out, and why
}

// analyzedStream is one stream; in the JSON its Direction's fields are among its own.
type analyzedStream struct {
	SSRC        string        `json:"ssrc"`
	Src         string        `json:"src"`
	Dst         string        `json:"dst"`
	Via         string        `json:"via"`   // the tunnels that it came in: gtp-u, turn, …; "" for none
	Class       capture.Class `json:"class"` // what it carries: speech, telephone_events, …
	Codec       string        `json:"codec"`
	PayloadType uint8         `json:"payload_type"`
	ClockRate   *uint32       `json:"clock_rate"`
	PtimeMS     *float64      `json:"ptime_ms"`
	StartedAt   time.Time     `json:"started_at"`
	DurationS   float64       `json:"duration_s"`
	Discarded   *int          `json:"discarded"` // in place of the Direction's, which is never null
	*facts.Direction
	NotMeasured []facts.NotMeasured `json:"not_measured"` // why each null is null
	Assumptions []string            `json:"assumptions"`
	Notes       []string            `json:"notes"`
}

// Run reads the capture and prints its streams.
func (c *analyzeCmd) Run(app *app) error {
	options, err := c.options()
	if err != nil {
		return usageError(err)
	}
	in, err := c.open(app)
	if err != nil {
		return usageError(err)
	}
	defer in.Close()
	found, err := capture.Read(stoppable{app.Ctx, in}, options)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", c.File, err))
	}
	if err := app.Ctx.Err(); err != nil {
		return errors.New("stopped before the end of the capture: nothing is printed")
	}
	a := c.analyze(found)
	if c.JSON {
		err = writeJSON(app.Stdout, a)
	} else {
		err = a.print(safe(app.Stdout), report.OneLine(c.File))
	}
	if err != nil {
		return err
	}
	return c.conclude(app, a)
}

// conclude says what a reader of the figures alone might miss.
func (c *analyzeCmd) conclude(app *app, a analysis) error {
	for _, note := range a.Notes {
		app.say("%s: %s", c.File, note)
	}
	if len(a.Streams) > 0 {
		return nil
	}
	advice := "Capture where the call's media passes, for example with: tcpdump -w call.pcap udp"
	if a.UDP > 0 {
		advice = "If there was a call, its media may have been inside a tunnel, or completely encrypted."
	}
	return &statusError{exitUndetermined, fmt.Errorf("%s: no RTP stream in %d packets, %d of them UDP. %s", c.File, a.Packets, a.UDP, advice)}
}

func (c *analyzeCmd) open(app *app) (io.ReadCloser, error) {
	if c.File == "-" {
		return io.NopCloser(app.Stdin), nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, fmt.Errorf("opening the capture: %w", err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder: give one capture file", c.File)
	}
	return f, nil
}

// stoppable ends a long read on Ctrl-C.
type stoppable struct {
	ctx context.Context //nolint:containedctx // it lives as long as the one read
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

const longestBuffer = 10 * time.Second

// options checks the flags.
func (c *analyzeCmd) options() (capture.Options, error) {
	o := capture.Options{Codec: strings.ToLower(c.Codec), ClockRate: c.ClockRate, Payloads: map[uint8]capture.Payload{}}
	switch {
	case c.JitterBuffer < 0 || c.JitterBuffer > longestBuffer:
		return o, fmt.Errorf("--jitter-buffer %v: give a time from 0 to %v", c.JitterBuffer, longestBuffer)
	case c.RTT != nil && (*c.RTT < 0 || *c.RTT > longestDelay):
		return o, fmt.Errorf("--rtt %v: give a time from 0 to %v", *c.RTT, longestDelay)
	}
	if known, ok := emodel.FindCodec(o.Codec); ok && o.ClockRate == 0 {
		o.ClockRate = known.ClockRate
	}
	for _, m := range c.Map {
		kind, payload, err := parseMap(m)
		if err != nil {
			return o, err
		}
		o.Payloads[kind] = payload
	}
	return o, checkImpairment(c.Ie, c.Bpl)
}

// parseMap reads TYPE=CODEC or TYPE=CODEC/RATE, as in SDP's rtpmap.
func parseMap(m string) (uint8, capture.Payload, error) {
	bad := fmt.Errorf("--map %s: give a payload type from 0 to 127 and a codec, as in 96=opus or 97=amr-wb/16000", m)
	number, rest, ok := strings.Cut(m, "=")
	kind, err := strconv.ParseUint(number, 10, 7)
	if !ok || err != nil || rest == "" {
		return 0, capture.Payload{}, bad
	}
	name, rate, hasRate := strings.Cut(strings.ToLower(rest), "/")
	p := capture.Payload{Codec: name}
	if known, ok := emodel.FindCodec(name); ok {
		p.ClockRate = known.ClockRate
	}
	if hasRate {
		hz, err := strconv.ParseUint(rate, 10, 32)
		if err != nil || hz == 0 || name == "" {
			return 0, capture.Payload{}, bad
		}
		p.ClockRate = uint32(hz)
	}
	return uint8(kind), p, nil
}

func (c *analyzeCmd) analyze(found *capture.Capture) analysis {
	a := analysis{Streams: []analyzedStream{}, Packets: found.Packets, UDP: found.Datagrams, Framed: found.Framed, NotRead: append([]capture.Other{}, found.Others...), Notes: append([]string{}, found.Notes...)}
	for i := range found.Streams {
		a.Streams = append(a.Streams, c.measure(&found.Streams[i]))
	}
	return a
}

// rounded has three decimals, as all figures have.
func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

func (c *analyzeCmd) measure(s *capture.Stream) analyzedStream {
	q := c.quality(s)
	m := stream.Measure(s.Trace(), c.JitterBuffer)
	out := analyzedStream{
		SSRC: fmt.Sprintf("0x%08x", s.SSRC), Src: s.Src.String(), Dst: s.Dst.String(), Via: s.Via,
		Class: s.Class, Codec: s.Codec, PayloadType: s.PayloadType,
		StartedAt: s.Started.UTC(), DurationS: rounded(s.Ended.Sub(s.Started).Seconds()),
		Discarded: &m.Discarded, Direction: probe.NewDirection(m, q),
		Notes: append([]string{}, s.Notes...),
	}
	if s.ClockRate > 0 {
		out.ClockRate = &s.ClockRate
	}
	if s.PacketTime > 0 {
		out.PtimeMS = new(rounded(float64(s.PacketTime) / float64(time.Millisecond)))
	}
	if s.Class != capture.Speech || s.ClockRate == 0 {
		out.R, out.MOS, out.MOSBasis = nil, nil, ""
	}
	if s.Class == capture.Speech && s.ClockRate == 0 {
		out.Discarded = nil
	}
	out.Assumptions = assumptions(s, q)
	out.NotMeasured = out.explain(s, m)
	return out
}

// assumptions are the sentences that go with a stream's figures.
func assumptions(s *capture.Stream, q probe.Quality) []string {
	all := []string{}
	switch {
	case s.Class != capture.Speech:
		all = append(all, "No R and no MOS: this is not speech.")
	case s.ClockRate == 0:
		all = append(all, "No R and no MOS: without a known clock it is not known which packets came too late.")
	default:
		all = q.Assumptions()
	}
	all = append(all, "Sent is the span of sequence numbers: loss before the first and after the last captured packet cannot be seen.")
	if s.Class == capture.Speech && s.ClockRate > 0 && s.PacketTime == 0 {
		all = append(all, "The packet time of this stream is not known; 20 ms is assumed.")
	}
	return all
}

func (c *analyzeCmd) quality(s *capture.Stream) probe.Quality {
	codec, ok := emodel.FindCodec(s.Codec)
	if !ok {
		codec = emodel.Codec{Name: s.Codec, Title: s.Codec, Scale: emodel.Narrowband}
		if s.ClockRate > 8000 {
			codec.Scale = emodel.Wideband
		}
	}
	q := probe.Quality{Codec: codec, PacketTime: s.PacketTime, JitterBuffer: c.JitterBuffer, Ie: c.Ie, Bpl: c.Bpl}
	if q.PacketTime == 0 {
		q.PacketTime = stream.PacketTime
	}
	if c.RTT != nil {
		q.MinRTTMS = new(float64(*c.RTT) / float64(time.Millisecond))
	}
	return q
}
