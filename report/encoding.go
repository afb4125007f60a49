package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var utf8Mark = []byte("\xEF\xBB\xBF")

// Decode makes UTF-8, without a byte order mark, of what editors save: UTF-16
// ("Unicode" in Notepad and PowerShell), with or without its mark, and
// Windows-1252 ("ANSI").
func Decode(data []byte) ([]byte, error) {
	order, wide := utf16Order(data)
	if !wide {
		return decodeBytes(data)
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data)
	if err != nil || len(data)%2 != 0 {
		return nil, errors.New("cut short in the middle of a UTF-16 character: copy it again")
	}
	return bytes.TrimPrefix(text, utf8Mark), nil
}

// utf16Order tells UTF-16 by its mark, or by the zeros that plain letters have
// in it.
func utf16Order(data []byte) (order unicode.Endianness, wide bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), len(data) > 3 && data[0] != 0 && data[1] == 0 && data[3] == 0:
		return unicode.LittleEndian, true
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}), len(data) > 3 && data[0] == 0 && data[1] != 0 && data[2] == 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// DecodeReader gives the UTF-8 of what is read, as Decode does for UTF-8 and
// UTF-16; a byte order mark of UTF-8 stays. It reads no further than it is
// asked to.
func DecodeReader(r io.Reader) io.Reader {
	ahead := bufio.NewReader(r)
	head, _ := ahead.Peek(4) // its error comes again when the rest is read
	if order, wide := utf16Order(head); wide {
		return transform.NewReader(ahead, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	}
	return ahead
}

// decodeBytes tells UTF-8 from Windows-1252. A mark means UTF-8, however
// damaged: then a bad byte is no letter of another alphabet.
func decodeBytes(data []byte) ([]byte, error) {
	text, marked := bytes.CutPrefix(data, utf8Mark)
	switch {
	case utf8.Valid(text):
		return text, nil
	case marked:
		return bytes.ToValidUTF8(text, []byte("�")), nil
	}
	return charmap.Windows1252.NewDecoder().Bytes(text)
}
