package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/probe/facts"
	"netready/thresholds"
)

// Bounds on what is read. The longest run with the most calls takes far less.
const (
	maxFile = 64 << 20 // bytes
	// maxValues is how many values one result may hold, as far as commas and
	// brackets tell: a call of an hour has some 60,000. A file of 8 MB could hold
	// three million, each of which takes a hundred times its room in memory.
	maxValues = 1 << 17
)

// Note is what is unusual about a file that could still be read.
type Note struct {
	Edited bool   // its checksum does not match: somebody changed it by hand
	Newer  bool   // of a later schema: fields may be missing here
	Older  bool   // of an earlier schema
	Signed Signed // what its signature tells
}

// Changed tells whether somebody changed a file after it was written: its checksum or its
// signature does not fit, or it contradicts the responder's own count.
func (n Note) Changed() bool {
	return n.Edited || n.Signed == SignedEdited || n.Signed == SignedContradicted
}

// What can be wrong with a file.
var (
	ErrNotResult = errors.New("not a result of netready")
	ErrCutShort  = errors.New("the file is cut short")
)

// ReadJSON reads the one report that a file holds.
func ReadJSON(from io.Reader) (one Report, note Note, err error) {
	b, err := plainText(from)
	if err != nil {
		return one, note, err
	}
	found := 0
	err = readJSON(b, lenient, func(r Report, n Note, err error) error {
		if found++; found > 1 {
			return errors.New("more than one result")
		}
		one, note = r, n
		return err
	})
	return one, note, err
}

// ReadAny reads the results in a file, TXT or JSON. Each is handed over with what
// is odd or wrong about it.
func ReadAny(from io.Reader, each func(Report, Note, error) error) error {
	b, err := plainText(from)
	if err != nil {
		return err
	}
	if strings.HasPrefix(string(b), headTitle) {
		return each(ReadText(bytes.NewReader(b)))
	}
	return readJSON(b, lenient, each)
}

// ReadBriefly reads the reports in UTF-8 text: one, several after each other
// (run --repeat), or a list. each gets every report, with what is unusual or wrong
// about it. A report has only what a row of the sheet Runs and the firewall column
// need: no timeline, no single calls, no findings after the first. An error of each
// ends the reading.
func ReadBriefly(text []byte, each func(Report, Note, error) error) error {
	return readJSON(text, brief, each)
}

// lenient reads duplicate names and bad UTF-8 as most programs do.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// brief skips half of a result: its timeline, and what no row shows.
var brief = json.JoinOptions(lenient, json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]facts.Second) error { return skip(d) }),
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]facts.CallPair) error { return skip(d) }),
	json.UnmarshalFromFunc(firstFinding),
	json.UnmarshalFromFunc(briefPort),
)))

// skip skips a value. Decoder.SkipValue reads token by token, which takes four times as
// long.
func skip(d *jsontext.Decoder) error {
	_, err := d.ReadValue()
	return err
}

// firstFinding reads the first finding that is no pass: no row shows another.
func firstFinding(d *jsontext.Decoder, list *[]thresholds.Finding) error {
	*list = nil
	if d.PeekKind() != jsontext.KindBeginArray {
		return errors.ErrUnsupported // null, or an error: the library's
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != jsontext.KindEndArray {
		if len(*list) > 0 {
			err = skip(d)
			continue
		}
		var one thresholds.Finding
		if one, err = finding(d); err == nil && one.Level != thresholds.Pass {
			*list = append(*list, one)
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

// finding reads a finding, of a pass its level alone.
func finding(d *jsontext.Decoder) (one thresholds.Finding, err error) {
	value, err := d.ReadValue()
	if err != nil {
		return one, err
	}
	var brief struct {
		Level thresholds.Level `json:"level"`
	}
	if json.Unmarshal(value, &brief, lenient) == nil && brief.Level == thresholds.Pass {
		return thresholds.Finding{Level: thresholds.Pass}, nil
	}
	err = json.Unmarshal(value, &one, lenient)
	if bad, is := errors.AsType[*json.SemanticError](err); is {
		bad.ByteOffset += d.InputOffset() - int64(len(value))
		bad.JSONPointer = d.StackPointer() + bad.JSONPointer
	}
	return one, err
}

// briefPort reads what the sheet Firewall shows of a port.
func briefPort(d *jsontext.Decoder, row *facts.PortRow) error {
	var port struct {
		Name     string `json:"name"`
		Family   string `json:"family"`
		Status   string `json:"status"`
		Reason   string `json:"reason"`
		Required bool   `json:"required"`
	}
	err := json.UnmarshalDecode(d, &port)
	*row = facts.PortRow{Name: port.Name, Family: port.Family, Status: port.Status, Reason: port.Reason, Required: port.Required}
	return err
}

// readJSON reads the reports in a text. An error names the line.
func readJSON(b []byte, options json.Options, each func(Report, Note, error) error) error {
	if start := bytes.TrimSpace(b); len(start) > 0 && start[0] != '{' && start[0] != '[' {
		return fmt.Errorf("%w: its first line is not %s, and it is no JSON", ErrNotResult, headTitle)
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b), options)
	tooManyValues := values(b) > maxValues
	var err error
	if d.PeekKind() == jsontext.KindBeginArray {
		_, err = d.ReadToken()
	}
	found := 0
	for ; err == nil && d.PeekKind() == jsontext.KindBeginObject; found++ {
		start := d.InputOffset()
		if tooManyValues {
			if err := checkValues(b, start); err != nil {
				return err
			}
		}
		var r Report
		if err = json.UnmarshalDecode(d, &r); err != nil {
			break
		}
		note, wrong := r.check()
		note.Signed = signedJSON(&r, bytes.TrimLeft(b[start:d.InputOffset()], " \t\r\n,"))
		if err := each(r, note, wrong); err != nil {
			return &LineError{lineAt(b, start), err}
		}
	}
	if err == nil && d.PeekKind() == jsontext.KindEndArray {
		_, err = d.ReadToken()
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	switch {
	case errors.Is(err, io.EOF) && found > 0:
		return nil
	case errors.Is(err, io.EOF) && len(bytes.TrimSpace(b)) == 0:
		return fmt.Errorf("%w: it is empty", ErrNotResult)
	case err == nil, errors.Is(err, io.EOF):
		return &LineError{lineAt(b, d.InputOffset()), ErrNotResult}
	}
	return jsonError(b, d.InputOffset(), err)
}

func values(b []byte) (n int) {
	for _, mark := range []string{"{", "[", ","} {
		n += bytes.Count(b, []byte(mark))
	}
	return n
}

// checkValues counts the values of one result before it takes any memory, in a text
// with more values than one result can have.
func checkValues(b []byte, start int64) error {
	rest := bytes.TrimLeft(b[start:], " \t\r\n,")
	d := jsontext.NewDecoder(bytes.NewBuffer(rest), lenient)
	value, err := d.ReadValue()
	if err != nil {
		return jsonError(b, int64(len(b)-len(rest))+d.InputOffset(), err)
	}
	if values(value) > maxValues {
		return &LineError{lineAt(b, start), fmt.Errorf("%w: it holds more values than any result does", ErrNotResult)}
	}
	return nil
}

// check says why a report cannot be a result.
func (r *Report) check() (Note, error) {
	note := Note{Newer: r.Schema > facts.SchemaVersion, Older: r.Schema < facts.SchemaVersion}
	switch {
	case r.Schema == 0 && r.RunID == "":
		return note, fmt.Errorf("%w: it has neither schema nor run_id", ErrNotResult)
	case r.RunID == "":
		return note, errors.New(`the field "run_id" is missing: without it, two runs cannot be distinguished`)
	case r.StartedAt.IsZero():
		return note, errors.New(`the field "started_at" is missing`)
	case r.StartedAt.Unix() <= 0 || r.StartedAt.UTC().Year() > 9999:
		return note, fmt.Errorf(`the field "started_at" is %v, which no run can have begun at`, r.StartedAt)
	}
	switch r.Verdict {
	case thresholds.Ready, thresholds.NotReady, thresholds.Undetermined:
		return note, errors.Join(impossible("up", r.Voice.Up), impossible("down", r.Voice.Down))
	}
	return note, fmt.Errorf(`the field "verdict" is %q: it has to be ready, not_ready or undetermined`, r.Verdict)
}

// impossible names a graded figure that no run measures: it would pass, or fail, a limit.
func impossible(side string, d *facts.Direction) error {
	if d == nil {
		return nil
	}
	for _, m := range thresholds.Measures() {
		if m.Single() {
			continue
		}
		if got := *m.Side(d); got != nil && (*got < m.Least || m.Most > 0 && *got > m.Most) {
			return fmt.Errorf(`the field "voice.%s.%s" is %v, which no run measures: the file was edited or damaged`, side, m.Setting, *got)
		}
	}
	return nil
}

// A LineError is what is wrong in a line of a file.
type LineError struct {
	Line int // the first is 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// jsonError names the line, and the field where it is known.
func jsonError(b []byte, offset int64, err error) error {
	var bad *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &LineError{lineAt(b, int64(len(bytes.TrimRight(b, " \t\r\n")))), ErrCutShort}
	case errors.As(err, &bad):
		field := strings.ReplaceAll(strings.TrimPrefix(string(bad.JSONPointer), "/"), "/", ".")
		return &LineError{lineAt(b, bad.ByteOffset), fmt.Errorf("the field %q holds a %s%s: netready writes nothing like it there", field, bad.JSONKind, quotedValue(bad))}
	}
	return &LineError{lineAt(b, offset), fmt.Errorf("not valid JSON, edited or damaged: %w", err)}
}

// quotedValue is the wrong value, if it is short.
func quotedValue(bad *json.SemanticError) string {
	if len(bad.JSONValue) == 0 || len(bad.JSONValue) > 40 {
		return ""
	}
	return ", " + string(bad.JSONValue)
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset, 0), int64(len(b)))], []byte("\n"))
}

// plainText reads a file, in any encoding that editors save, as UTF-8 without a byte
// order mark.
func plainText(from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB: no result is that large", maxFile>>20)
	}
	return Decode(b)
}
