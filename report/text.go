package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// Headings of the TXT, each alone on its line.
const (
	headTitle       = "NETREADY"
	headVoip        = "VOIP"
	headLoad        = "CALL ON A FULL LINE"
	headFirewall    = "FIREWALL"
	headFindings    = "FINDINGS"
	headNotMeasured = "NOT MEASURED"
	headAssumptions = "ASSUMPTIONS"
	headPing        = "PING"
	headRow         = "ROW FOR THE SPREADSHEET"
	checksumLabel   = "Checksum (SHA-256 of the lines above)"
)

// timeLayout is understood by every spreadsheet; times are UTC.
const timeLayout = "2006-01-02 15:04:05"

// The first cells of a TXT's first and last line and of the lines around its firewall
// column. A workbook recognises by them a TXT that was pasted whole.
const (
	TextFirst      = headTitle
	TextLast       = checksumLabel
	TextPorts      = headFirewall
	TextAfterPorts = headFindings
)

// WriteText writes the report as tab-separated text, UTF-8 with byte order
// mark and CRLF, so that select all, copy, paste fills a spreadsheet's cells.
func WriteText(w io.Writer, r Report) error {
	var t sheet
	t.head(r)
	t.voip(r)
	t.fullLine(r)
	t.firewall(r)
	t.findings(r)
	t.otherParts(r)
	t.row(r)
	body := t.b.Bytes()
	sum := sha256.Sum256(body)
	t.line(checksumLabel, hex.EncodeToString(sum[:]))
	return buffered(w, func(b *bytes.Buffer) {
		b.WriteString("\ufeff")
		b.Write(bytes.ReplaceAll(t.b.Bytes(), []byte("\n"), []byte("\r\n")))
	})
}

// sheet is a text that is being written, with LF.
type sheet struct{ b bytes.Buffer }

// line writes cells; each is made safe for a line and for a spreadsheet.
func (t *sheet) line(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			t.b.WriteByte('\t')
		}
		t.b.WriteString(Guard(OneLine(c)))
	}
	t.b.WriteByte('\n')
}

func (t *sheet) heading(s string) {
	t.b.WriteByte('\n')
	t.line(s)
}

func (t *sheet) head(r Report) {
	t.line(headTitle, "Is this network ready for cloud voice?")
	t.line("Verdict", verdictWords(r.Verdict), r.Headline())
	for _, f := range [][2]string{
		{"Organization", r.Organization},
		{"Location", r.Location},
		{"Machine", r.Machine.Hostname},
		{"Region", strings.TrimSpace(r.Region.ID + " " + inParentheses(r.Region.Name))},
		{"Responder", orDash(r.Region.Responder)},
		{"Started (UTC)", r.StartedAt.UTC().Format(timeLayout)},
		{"Finished (UTC)", r.FinishedAt.UTC().Format(timeLayout)},
		{"Test call", orDash(CallWords(r.Voice))},
		{"Run ID", r.RunID},
		{"Complete", yesNo(r.Complete)},
		{"Tool", strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)},
		{"Schema", strconv.Itoa(r.Schema)},
	} {
		t.line(f[0], f[1])
	}
	if r.Signature != (facts.Signature{}) {
		t.line(signatureLabel, signatureText(r.Signature))
	}
}

func orDash(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (t *sheet) voip(r Report) {
	t.heading(headVoip)
	t.line("Measurement", "Expectation", "Up", "Down", "Result")
	for _, m := range r.Limits.Figures(r.Result) {
		up, down := boundedWords(m, m.Up), ""
		if !m.Single() {
			down = boundedWords(m, m.Down)
		}
		t.line(m.Name, m.Limit.Words(m.Unit), up, down, m.Word())
		if up, down = Between(m, m.Up), Between(m, m.Down); up+down != "" {
			t.line(m.Name+", "+betweenTitle, "", up, down)
		}
	}
	more := func(name, unit string, at func(facts.Direction) *float64) {
		t.line(name, "", sideText(r.Voice.Up, unit, at), sideText(r.Voice.Down, unit, at))
	}
	more("Jitter, maximum", "ms", func(d facts.Direction) *float64 { return d.JitterMaxMS })
	more("Delay variation, 99 %", "ms", func(d facts.Direction) *float64 { return d.PDVp99MS })
	more("Longest run of lost packets", "packets", func(d facts.Direction) *float64 { return new(float64(d.Burst.LongestRun)) })
	more("Worst 100 packets in a row", "% lost", func(d facts.Direction) *float64 { return d.Burst.WorstWindowPercent })
	more("Packets sent", "packets", func(d facts.Direction) *float64 { return new(float64(d.Sent)) })
	more("Packets received", "packets", func(d facts.Direction) *float64 { return new(float64(d.Received)) })
	t.line("Bandwidth", "", atLeast(r.Bandwidth.UpAtLeast)+unitText(r.Bandwidth.UpMbps, "Mbit/s"), atLeast(r.Bandwidth.DownAtLeast)+unitText(r.Bandwidth.DownMbps, "Mbit/s"))
}

// boundedWords is a cell in words: at most 4.2 ms there and back.
func boundedWords(m thresholds.Judged, g thresholds.Graded) string {
	cell := withWord(unitText(g.Got, m.Unit), m.Name)
	switch {
	case !g.Bound || g.Got == nil:
		return cell
	case m.AtLeast:
		return "at least " + cell + " there and back"
	}
	return "at most " + cell + " there and back"
}

// withWord adds a word to a figure without a unit: where the decimal sign is a comma, a
// spreadsheet reads a bare 4.364 as a date or as four thousand.
func withWord(cell, word string) string {
	if _, err := strconv.ParseFloat(cell, 64); err != nil {
		return cell
	}
	return cell + " " + word
}

func sideText(d *facts.Direction, unit string, at func(facts.Direction) *float64) string {
	if d == nil {
		return NotMeasured
	}
	return unitText(at(*d), unit)
}

// unitText is a figure with its unit: where the decimal sign is a comma, a spreadsheet
// reads a bare 4.36 as a date.
func unitText(f *float64, unit string) string {
	if f == nil {
		return NotMeasured
	}
	return strings.TrimSpace(Digits(*f) + " " + unit)
}

// firewallColumns are read back by their names.
var firewallColumns = []string{"Check", "Protocol", "Host", "Port", "Family", "Required", "Result", "Reason", "Detail", "Tested ports", "Failed ports", "Took", "Note"}

func (t *sheet) firewall(r Report) {
	t.heading(headFirewall)
	t.line(firewallColumns...)
	for _, p := range r.Firewall {
		ports := p.Ports
		if ports == "" && p.Port != 0 {
			ports = strconv.Itoa(p.Port)
		}
		// A word before the number keeps 16384-65535 from becoming a date.
		t.line(p.Name, p.Protocol, p.Host, portPrefix+ports, p.Family, yesNo(p.Required), p.Status, p.Reason, p.Detail,
			listText(p.Tested), listText(p.FailedPorts), tookText(p.ElapsedMS), p.Note)
	}
}

const portPrefix = "port "

func tookText(ms *float64) string {
	if ms == nil {
		return ""
	}
	return unitText(ms, "ms")
}

func listText(ports []int) string {
	words := make([]string, 0, len(ports))
	for _, p := range ports {
		words = append(words, strconv.Itoa(p))
	}
	if len(words) == 0 {
		return ""
	}
	return portPrefix + strings.Join(words, " ")
}

func (t *sheet) findings(r Report) {
	t.heading(headFindings)
	t.line("Level", "What", "Got", "Limit", "Text", "What to do")
	for _, f := range r.Findings {
		t.line(string(f.Level), f.What, figureText(gotPrefix, f.Got), figureText(limitPrefix, f.Limit), f.Text, f.Advice)
	}
}

// A word before the number keeps a spreadsheet from reading it as a date.
const (
	gotPrefix   = "got "
	limitPrefix = "limit "
)

func figureText(prefix string, f *float64) string {
	if f == nil {
		return ""
	}
	return prefix + Digits(*f)
}

func (t *sheet) otherParts(r Report) {
	t.heading(headNotMeasured)
	for _, n := range r.NotMeasured {
		t.line(n.What, n.Reason, n.Code)
	}
	t.heading(headAssumptions)
	for _, a := range r.Voice.Assumptions {
		t.line(a)
	}
	for _, f := range OtherFacts(r, allDigits) {
		t.line(f.Name, f.Text)
	}
	t.heading(headPing)
	t.line("Target", "Role", "Answers", "Lost", "Min", "Avg", "Max", "Reason")
	for _, p := range r.Ping {
		t.line(p.Target, p.Role, strconv.Itoa(p.Samples), strconv.Itoa(p.Lost), unitText(p.MinMS, "ms"), unitText(p.AvgMS, "ms"), unitText(p.MaxMS, "ms"), p.Reason)
	}
}

// row is the part for the template: a header line and one line, in the order
// of the sheet Runs.
func (t *sheet) row(r Report) {
	t.heading(headRow)
	columns := Columns()
	names, cells := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], cells[i] = c.Name, CellText(c.Value(&r))
	}
	cells[slices.Index(names, RowCodeColumn)] = rowCode(names, cells)
	t.line(names...)
	t.line(cells...)
}

// SpreadsheetRow finds the line for the template in a text report: its heading is followed
// by a line of column names and the line itself. "" where there is none.
func SpreadsheetRow(text string) string {
	_, rest, _ := strings.Cut(text, headRow)
	var lines []string
	for line := range strings.Lines(rest) {
		if line = strings.TrimRight(line, "\r\n"); strings.Contains(line, "\t") {
			lines = append(lines, line)
		}
	}
	if len(lines) < 2 {
		return ""
	}
	return lines[1]
}

// CellText is the value of a column as a TXT has it: all digits, times in UTC.
func CellText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return Digits(v)
	case time.Time:
		return v.UTC().Format(timeLayout)
	}
	return ""
}
