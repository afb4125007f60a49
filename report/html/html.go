// Package html prints a report as a page that needs nothing else, and parts of
// it for the local page.
package html

import (
	"embed"
	"io"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

//go:embed base.css report.css
var files embed.FS

// The templates are the files *.qtpl, compiled into Go: the linker keeps every method of
// every type in a program that runs html/template, which finds methods by their names.
//
//go:generate go tool qtc -skipLineComments

// Print writes a page that a template made. A NUL in a value becomes the sign for what
// cannot be shown: each parser of HTML would treat it in its own way.
func Print(w io.Writer, page string) error {
	_, err := io.WriteString(w, strings.ReplaceAll(page, "\x00", "\uFFFD"))
	return err
}

// Write writes the report as one file that needs nothing else: no script, no
// address to load from. It prints on two sheets of paper.
func Write(w io.Writer, r report.Report) error {
	return Print(w, documentPage(newView(r)))
}

// Part writes the body of the same report, to be shown inside a page that
// carries Base and Style.
func Part(w io.Writer, r report.Report) error {
	return Print(w, reportPart(newView(r)))
}

// Comparison writes a table of several reports side by side, in the order
// given, for a page that carries Base and Style.
func Comparison(w io.Writer, reports []report.Report) error {
	return Print(w, comparisonPart(newComparison(reports)))
}

// Base is the style sheet of the palette and of what a report shares with the
// page around it. It comes before Style.
func Base() string { return embedded("base.css") }

// Style is the style sheet of Part and Comparison.
func Style() string { return embedded("report.css") }

func embedded(name string) string {
	text, _ := files.ReadFile(name) // always there
	return string(text)
}

// view is what the template prints: every word and number is ready.
type view struct {
	report.Report
	badge
	Style               string // of ours
	Headline, Sentence  string
	RegionName          string
	Started, StartedISO string
	FirstTitle          string
	First, Rest         []ask
	Measures            []measureRow
	CallLine            string
	Ports               []portGroup
	Load                *loadTable // nil: no call was placed on a full line
	Charts              []chart
	NoChart             string
	Facts               []report.Fact
	Missing             []report.Fact // what was not measured, and why
}

// badge is a mark, a word and a tone: never colour alone.
type badge struct{ Tone, Sign, Word string }

var badges = map[thresholds.Level]badge{
	thresholds.Pass:    {"pass", "✓", "Pass"},
	thresholds.Warn:    {"warn", "!", "Warning"},
	thresholds.Fail:    {"fail", "✕", "Fail"},
	thresholds.Unknown: {"unknown", "–", "Not measured"},
}

func newView(r report.Report) view {
	v := view{
		Report:     r,
		badge:      verdictBadge(r.Verdict),
		Style:      Base() + Style(),
		RegionName: regionName(r.Region),
		Started:    r.StartedAt.UTC().Format("2 January 2006, 15:04 UTC"),
		StartedISO: r.StartedAt.UTC().Format(time.RFC3339),
		Measures:   measureRows(r),
		CallLine:   callLine(r.Voice),
		Ports:      portGroups(r.Firewall),
		Load:       newLoadTable(r),
		Charts:     charts(r),
		NoChart:    whyNot(r, "voice.timeline", "voice", "voice.complete", "voice.up", "voice.down"),
		Facts:      report.OtherFacts(r, thresholds.Figure),
		Missing:    report.Missing(r.NotMeasured),
	}
	v.Headline, v.Sentence = verdict(r)
	v.FirstTitle, v.First, v.Rest = whatFirst(r)
	return v
}

func verdictBadge(v thresholds.Verdict) badge {
	switch v {
	case thresholds.Ready:
		return badge{"pass", "✓", "Ready"}
	case thresholds.NotReady:
		return badge{"fail", "✕", "Not ready"}
	case thresholds.Undetermined:
	}
	return badge{"unknown", "?", v.Title()}
}

// verdict says the verdict in a sentence.
func verdict(r report.Report) (head, sentence string) {
	self := thresholds.IsSelfTest(r.Result)
	switch r.Verdict {
	case thresholds.Ready:
		if self {
			return "The self-test passed", thresholds.SelfTest
		}
		if bounds := thresholds.Bounds(r.Result); bounds != "" {
			return "Ready, as far as this went", bounds
		}
		return "This network is ready", "Every required measure is within its limit and every required connection is open."
	case thresholds.NotReady:
		if self {
			return "The self-test failed", outside(r) + " " + thresholds.SelfTest
		}
		return "This network is not ready", outside(r)
	case thresholds.Undetermined:
	}
	sentence = r.Headline()
	if self {
		sentence += " " + thresholds.SelfTest
	}
	return r.Verdict.Title(), sentence
}

// outside names the measures beyond their limits and counts the ports.
func outside(r report.Report) string {
	var names, said []string
	for _, m := range measureRows(r) {
		if m.Tone == "fail" {
			names = append(names, m.failing())
		}
	}
	switch last := len(names) - 1; {
	case last == 0:
		said = append(said, upperFirst(names[0])+" is beyond its limit.")
	case last > 0:
		said = append(said, "Beyond their limits: "+strings.Join(names[:last], ", ")+" and "+names[last]+".")
	}
	if blocked := thresholds.Blocked(r.Firewall); blocked != "" {
		said = append(said, blocked+".")
	}
	if len(said) == 0 {
		return "See below what failed."
	}
	return strings.Join(said, " ")
}

// whatFirst are the findings that ask for something, by their causes, the most serious first.
// At most three are visible: nobody would start on a longer list.
func whatFirst(r report.Report) (title string, first, rest []ask) {
	title = "What to do first"
	if r.Verdict == thresholds.Ready {
		title = "Worth knowing"
	}
	all := asks(r)
	return title, all[:min(len(all), 3)], all[min(len(all), 3):]
}

func regionName(r facts.Region) string {
	if r.Name == "" {
		return r.ID
	}
	return r.Name + " (" + r.ID + ")"
}

func callLine(v facts.Voice) string {
	switch {
	case v.Mode == facts.ModeRoundtrip:
		return "This region was reached through public endpoints only: they give a round trip and no directions."
	case report.CallWords(v) == "":
		return ""
	}
	return "Test call: " + report.CallWords(v) + "."
}

// whyNot finds the reason under the first of the names that has one.
func whyNot(r report.Report, names ...string) string {
	for _, name := range names {
		for _, n := range r.NotMeasured {
			if n.What == name {
				return n.Reason
			}
		}
	}
	return ""
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
