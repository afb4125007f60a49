package report

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

var utf8Mark = []byte("\xEF\xBB\xBF")

// Decode makes UTF-8, without a byte order mark, of what editors save: UTF-16
// ("Unicode" in Notepad and PowerShell), with or without its mark, and
// Windows-1252 ("ANSI").
func Decode(data []byte) ([]byte, error) {
	var order unicode.Endianness
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), len(data) > 3 && data[0] != 0 && data[1] == 0 && data[3] == 0:
		order = unicode.LittleEndian
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}), len(data) > 3 && data[0] == 0 && data[1] != 0 && data[2] == 0:
		order = unicode.BigEndian
	default:
		return decodeBytes(data)
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data)
	if err != nil || len(data)%2 != 0 {
		return nil, errors.New("cut short in the middle of a UTF-16 character: copy it again")
	}
	return bytes.TrimPrefix(text, utf8Mark), nil
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
