package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// PowerShell's > makes a file of UTF-16, and such an invite was "changed on
// its way".
func TestInviteFilesOfAnyEditor(t *testing.T) {
	link := "https://voice.example.com:8443/i#" + strings.Repeat("a", 32) + "." + strings.Repeat("b", 43)
	want, err := readInvite(link, &app{})
	if err != nil {
		t.Fatal(err)
	}
	wide := func(order binary.AppendByteOrder, text string) []byte {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"UTF-8":                        []byte(link + "\n"),
		"UTF-8 with a mark":            []byte("\ufeff" + link + "\r\n"),
		"UTF-16 of PowerShell":         wide(binary.LittleEndian, "\ufeff"+link+"\r\n"),
		"UTF-16 big-endian":            wide(binary.BigEndian, "\ufeff\n"+link),
		"UTF-16 without a mark":        wide(binary.LittleEndian, link+"\r\n"),
		"big-endian without a mark":    wide(binary.BigEndian, link),
		"CR CR LF, empty lines before": []byte("\r\r\n\r\r\n" + link + "\r\r\n"),
	} {
		file := filepath.Join(t.TempDir(), "invite.txt")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, given := range []string{"@" + file, "-"} {
			got, err := readInvite(given, &app{Stdin: bytes.NewReader(data)})
			if err != nil || got.String() != want.String() {
				t.Errorf("%s, given as %.1s: %v", name, given, err)
			}
		}
	}
}
