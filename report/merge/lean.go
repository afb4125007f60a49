package merge

import (
	"bytes"
	"reflect"
	"strings"
	"sync"

	"netready/probe/facts"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/report"
	"netready/thresholds"
)

// lenient reads duplicate names and bad UTF-8 as encoding/json reads them.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readReport reads a result as far as a row needs it: half of one is its
// timeline. What is read at all, the library reads.
func readReport(d *jsontext.Decoder, found *report.Report) error {
	return readMembers(d, reflect.ValueOf(found).Elem(), reportMembers())
}

// A readFunc reads the next value into what a pointer points to.
type readFunc func(d *jsontext.Decoder, into any) error

// A member is a field of a struct under its name in JSON, quotes included.
type member struct {
	index []int
	read  readFunc
}

var (
	reportMembers = sync.OnceValue(func() map[string]member {
		return members[report.Report](map[reflect.Type]readFunc{
			reflect.TypeFor[facts.Voice]():          readVoice,
			reflect.TypeFor[[]facts.PortRow]():      readPorts,
			reflect.TypeFor[[]thresholds.Finding](): readFindings,
		})
	})
	voiceMembers = sync.OnceValue(func() map[string]member {
		return members[facts.Voice](map[reflect.Type]readFunc{
			reflect.TypeFor[[]facts.Second]():   skip,
			reflect.TypeFor[[]facts.CallPair](): skip,
		})
	})
)

// members lists the fields of T. Those of the types in odd are read as said
// there, all others whole.
func members[T any](odd map[reflect.Type]readFunc) map[string]member {
	list := map[string]member{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		read := odd[field.Type]
		if read == nil {
			read = whole
		}
		list[`"`+name+`"`] = member{field.Index, read}
	}
	return list
}

func readMembers(d *jsontext.Decoder, into reflect.Value, list map[string]member) error {
	return readObject(d, into.Addr().Interface(), func(name []byte) error {
		m, known := list[string(name)]
		if !known {
			return skip(d, nil)
		}
		return m.read(d, into.FieldByIndex(m.index).Addr().Interface())
	})
}

// readObject gives the names of an object's members away, in quotes, to a
// function that reads the value. Anything else than an object is left to the
// library: null, or the error that it is.
func readObject(d *jsontext.Decoder, into any, read func(name []byte) error) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return whole(d, into)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := read(plainName(name)); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// plainName is a name without needless escapes.
func plainName(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return quoted
	}
	plain, _ := jsontext.AppendQuote(nil, name) // bad UTF-8 becomes U+FFFD
	return plain
}

// readList reads a list with a function for each of its elements.
func readList(d *jsontext.Decoder, element func() error) error {
	if d.PeekKind() != jsontext.KindBeginArray {
		var none []struct{}
		return whole(d, &none) // null, or the error for what is no list
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// whole lets the library read a value.
func whole(d *jsontext.Decoder, into any) error { return json.UnmarshalDecode(d, into) }

// skip passes over a value. Decoder.SkipValue goes token by token, which takes
// four times as long.
func skip(d *jsontext.Decoder, _ any) error {
	_, err := d.ReadValue()
	return err
}

func readVoice(d *jsontext.Decoder, into any) error {
	return readMembers(d, reflect.ValueOf(into).Elem(), voiceMembers())
}

// readFindings reads findings up to the first that is no pass: a row tells
// that one alone.
func readFindings(d *jsontext.Decoder, into any) error {
	list, _ := into.(*[]thresholds.Finding)
	*list = nil
	found := false
	return readList(d, func() error {
		if found {
			return skip(d, nil)
		}
		var one thresholds.Finding
		err := whole(d, &one)
		*list = append(*list, one)
		found = one.Level != thresholds.Pass
		return err
	})
}

func readPorts(d *jsontext.Decoder, into any) error {
	list, _ := into.(*[]facts.PortRow)
	*list = (*list)[:0]
	return readList(d, func() error {
		*list = append(*list, facts.PortRow{})
		return readPort(d, &(*list)[len(*list)-1])
	})
}

// readPort reads what a row and the sheet Firewall tell of a port.
func readPort(d *jsontext.Decoder, row *facts.PortRow) error {
	return readObject(d, row, func(name []byte) error {
		switch string(name) {
		case `"name"`:
			return readText(d, &row.Name)
		case `"family"`:
			return readText(d, &row.Family)
		case `"status"`:
			return readText(d, &row.Status)
		case `"reason"`:
			return readText(d, &row.Reason)
		case `"required"`:
			return whole(d, &row.Required)
		}
		return skip(d, nil)
	})
}

// readText reads a text, the quick way where it is one.
func readText(d *jsontext.Decoder, into *string) error {
	if d.PeekKind() != jsontext.KindString {
		return whole(d, into)
	}
	token, err := d.ReadToken()
	if err == nil {
		*into = token.String()
	}
	return err
}
