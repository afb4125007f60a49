package ooxml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxToken bounds the bytes of one text or tag: a cell holds 32,767 characters.
const maxToken = 1 << 20

var errLongToken = errors.New("one text in it is longer than a cell can hold: left unread as a possible bomb")

// tokens reads the XML of a part piece by piece and checks that it is whole: every
// element ends, and nothing is cut short.
type tokens struct {
	*xml.Decoder
	guard *tokenGuard
	open  []string // names of the elements that have not ended
	seen  bool     // a root
}

// tokenGuard ends reading where a token is too long.
type tokenGuard struct {
	r    io.Reader
	left int
}

func (g *tokenGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errLongToken
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

func newTokens(r io.Reader) *tokens {
	guard := &tokenGuard{r, maxToken}
	return &tokens{Decoder: xml.NewDecoder(guard), guard: guard}
}

// next is the next piece, valid until the one after it; io.EOF only at the end of a
// whole document.
func (t *tokens) next() (xml.Token, error) {
	t.guard.left = maxToken
	token, err := t.RawToken()
	if errors.Is(err, io.EOF) {
		if len(t.open) > 0 || !t.seen {
			return nil, errors.New("its XML is cut short")
		}
		return nil, io.EOF
	}
	if err != nil {
		if errors.Is(err, errLongToken) {
			return nil, errLongToken
		}
		return nil, fmt.Errorf("its XML is damaged: %w", err)
	}
	switch element := token.(type) {
	case xml.StartElement:
		if t.seen && len(t.open) == 0 {
			return nil, errors.New("its XML is damaged: it has two roots")
		}
		t.seen = true
		t.open = append(t.open, element.Name.Local)
	case xml.EndElement:
		if len(t.open) == 0 || t.open[len(t.open)-1] != element.Name.Local {
			return nil, fmt.Errorf("its XML is damaged: </%s> ends nothing", element.Name.Local)
		}
		t.open = t.open[:len(t.open)-1]
	case xml.Directive:
		return nil, errors.New("its XML has a DOCTYPE, which no spreadsheet program writes")
	}
	return token, nil
}

// inside calls visit with what is inside the element that was just begun, to its
// end. What visit reads itself it is not called with.
func (t *tokens) inside(visit func(xml.Token) error) error {
	for depth := len(t.open); ; {
		token, err := t.next()
		if err != nil || len(t.open) < depth {
			return err
		}
		if err := visit(token); err != nil {
			return err
		}
	}
}

// text reads to the end of the element that was just begun and returns its
// text, without that of elements inside.
func (t *tokens) text() (string, error) {
	depth := len(t.open)
	return t.textOf(func() bool { return len(t.open) == depth })
}

// textOf reads to the end of the element that was just begun and returns the text
// pieces that count.
func (t *tokens) textOf(counts func() bool) (string, error) {
	var text strings.Builder
	err := t.inside(func(token xml.Token) error {
		if piece, ok := token.(xml.CharData); ok && counts() {
			text.Write(piece)
		}
		if text.Len() > maxToken {
			return errLongToken
		}
		return nil
	})
	return text.String(), err
}

// walk calls visit for every element that begins, with the names of those
// around it and its own, outermost first.
func (t *tokens) walk(visit func(element xml.StartElement, open []string) error) error {
	for {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if element, ok := token.(xml.StartElement); ok && visit != nil {
			if err := visit(element, t.open); err != nil {
				return err
			}
		}
	}
}

// Walk walks through the XML of a part.
func (p *File) Walk(part string, visit func(element xml.StartElement, open []string) error) error {
	content, err := p.open(part)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := newTokens(content).walk(visit); err != nil {
		return fmt.Errorf("part %s: %w", part, err)
	}
	return nil
}

// IsTrue reads a flag of XML.
func IsTrue(text string) bool { return text == "1" || text == "true" || text == "on" }

// Attribute is the one of that name; "" where there is none.
func Attribute(element xml.StartElement, name string) string {
	for _, attr := range element.Attr {
		if attr.Name.Local == name && attr.Name.Space == "" {
			return attr.Value
		}
	}
	return ""
}

// A Relation is one line of a part's .rels.
type Relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

// Kind is the last word of the type: worksheet, table, …
func (r Relation) Kind() string { return path.Base(r.Type) }

// Part is the path in the file that the relation of a part leads to.
func (r Relation) Part(of string) string {
	if after, ok := strings.CutPrefix(r.Target, "/"); ok {
		return after
	}
	return path.Join(path.Dir(of), r.Target)
}

// relationsPath is the path of the relations of a part.
func relationsPath(part string) string {
	return path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
}

// Relations are those of a part; none where it has no .rels.
func (p *File) Relations(part string) ([]Relation, error) {
	rels := relationsPath(part)
	if !p.has(rels) {
		return nil, nil
	}
	content, err := p.open(rels)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	data, err := io.ReadAll(content) // at most maxDirectory: it was read before
	if err != nil {
		return nil, err
	}
	var list struct {
		Relationship []Relation `xml:"Relationship"`
	}
	if err := xml.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("part %s: its XML is damaged: %w", rels, err)
	}
	return list.Relationship, nil
}
