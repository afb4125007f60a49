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

// Decode converts what editors save to UTF-8 without a byte order mark: UTF-16
// ("Unicode" in Notepad and PowerShell), with or without its mark, and Windows-1252
// ("ANSI").
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

// utf16Order recognises UTF-16 by its mark, or by the zeros that plain letters have in
// it.
func utf16Order(data []byte) (order unicode.Endianness, wide bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), len(data) > 3 && data[0] != 0 && data[1] == 0 && data[3] == 0:
		return unicode.LittleEndian, true
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}), len(data) > 3 && data[0] == 0 && data[1] != 0 && data[2] == 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// DecodeReader converts UTF-16 to UTF-8 while it is read, and passes everything else
// on. A byte order mark of UTF-8 stays. It does not read ahead of its caller.
func DecodeReader(r io.Reader) io.Reader {
	ahead := bufio.NewReader(r)
	head, _ := ahead.Peek(4) // its error comes again when the rest is read
	if order, wide := utf16Order(head); wide {
		return transform.NewReader(ahead, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	}
	return ahead
}

// decodeBytes distinguishes UTF-8 from Windows-1252. A mark means UTF-8, even if bytes
// are damaged: they are then not letters of another character set.
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
