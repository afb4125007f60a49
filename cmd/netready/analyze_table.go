package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// print shows each stream as a table of its own.
func (a analysis) print(w io.Writer, name string) error {
	if len(a.Streams) == 0 {
		return nil
	}
	fmt.Fprintf(w, "%s: %d packets, %d UDP, RTP streams: %d\n", name, a.Packets, a.UDP, len(a.Streams))
	for _, s := range a.Streams {
		if err := s.print(w); err != nil {
			return fmt.Errorf("printing stream %s: %w", s.SSRC, err)
		}
	}
	return nil
}

// counted is a number of packets with what they are, "" where it is not known.
func counted(n *int, what string) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf("%d %s", *n, what)
}

func (s analyzedStream) print(w io.Writer) error {
	via := ""
	if s.Via != "" {
		via = "  in " + s.Via
	}
	clock := "clock not known"
	if s.ClockRate != nil {
		clock = fmt.Sprintf("%d Hz", *s.ClockRate)
	}
	fmt.Fprintf(w, "\n%s -> %s  SSRC %s%s\n", s.Src, s.Dst, s.SSRC, via)
	fmt.Fprintf(w, "%s (payload type %d, %s), packets of %s, from %s for %.3f s\n",
		s.Codec, s.PayloadType, clock, cell(s.PtimeMS, " ms"), s.StartedAt.Format("2006-01-02 15:04:05.000Z"), s.DurationS)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][3]string{
		{"packets", strconv.Itoa(s.Received), fmt.Sprintf("of %d sent (the span of sequence numbers), %d repeated", s.Sent, s.Duplicates)},
		{"loss", cell(s.LossPercent, " %"), fmt.Sprintf("%d lost, at most %d in a row, worst 100 packets: %s", s.Lost, s.Burst.LongestRun, cell(s.Burst.WorstWindowPercent, " %"))},
		{"discards", cell(s.DiscardPercent, " %"), counted(s.Discarded, "too late for the jitter buffer")},
		{"order", cell(s.InOrderPercent, " %"), counted(s.Reordered, "overtaken")},
		{"jitter", cell(s.JitterMS, " ms"), s.note("jitter_ms", "RFC 3550, mean; at most "+cell(s.JitterMaxMS, " ms"))},
		{"delay variation", cell(s.PDVp99MS, " ms"), s.note("pdv_p99_ms", "99 % of the packets are within this of the fastest")},
		{"clock skew", cell(s.ClockSkewPPM, " ppm"), s.note("clock_skew_ppm", "")},
		{"DSCP", mark(s.DSCPReceived), ""},
		{"R", cell(s.R, ""), s.note("r", "")},
		{"MOS", cell(s.MOS, ""), s.note("mos", s.MOSBasis)},
	} {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", row[0], row[1], row[2])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, shift := range s.Shifts {
		fmt.Fprintf(w, "  the path's delay changed by %g ms after %g s\n", shift.ByMS, shift.AtS)
	}
	for _, line := range append(append([]string{}, s.Notes...), s.Assumptions...) {
		fmt.Fprintf(w, "  * %s\n", strings.TrimSpace(line))
	}
	return nil
}

// cell is a figure with its unit, or why there is none.
func cell(x *float64, unit string) string {
	if x == nil {
		return "not measured"
	}
	return strconv.FormatFloat(*x, 'f', -1, 64) + unit
}

// note is why there is no figure, or the text beside one.
func (s analyzedStream) note(what, otherwise string) string {
	if reason := s.why(what); reason != "" {
		return reason
	}
	return otherwise
}

func mark(dscp *int) string {
	if dscp == nil {
		return "not measured"
	}
	return strconv.Itoa(*dscp)
}
