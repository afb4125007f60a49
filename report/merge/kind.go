package merge

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
)

type kind int

const (
	kindResult kind = iota
	kindWorkbook
	kindZip
	kindGzip
	kindTar
)

// kindOf finds by the content what a file is. why says what to do if it is of a
// kind that is known but not read.
func kindOf(name string) (k kind, why string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, "", err
	}
	k = sniff(head[:n])
	if k == kindZip {
		k, why = kindOfZip(name)
		return k, why, nil
	}
	return k, whyNot(head[:n]), nil
}

func sniff(head []byte) kind {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindZip
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return kindGzip
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return kindTar
	}
	return kindResult
}

// whyNot recognises, by their first bytes, files that people mistake for results.
func whyNot(head []byte) string {
	const unpack = "an archive of a kind that is not read: unpack it and give the folder"
	for start, why := range map[string]string{
		"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1": "an old Excel workbook (.xls), or one with a password: save it as a plain .xlsx",
		"7z\xBC\xAF\x27\x1C":               unpack,
		"Rar!\x1A\x07":                     unpack,
		"\xFD7zXZ\x00":                     unpack,
		"BZh":                              unpack,
		"\x28\xB5\x2F\xFD":                 unpack,
		"%PDF-":                            "a PDF: give the TXT or JSON of the same run",
		"\x89PNG":                          "a picture: give the TXT or JSON of the run",
		"\xFF\xD8\xFF":                     "a picture: give the TXT or JSON of the run",
	} {
		if strings.HasPrefix(string(head), start) {
			return why
		}
	}
	if start := bytes.ToLower(bytes.TrimSpace(head)); bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")) {
		return "a web page: give the TXT or JSON of the same run"
	}
	return ""
}

// kindOfZip tells workbooks from archives, and other documents from both.
func kindOfZip(name string) (k kind, why string) {
	files, err := zip.OpenReader(name)
	if err != nil {
		return kindZip, "" // reading it will say what is wrong
	}
	defer files.Close()
	for _, file := range files.File {
		switch name := strings.ToLower(strings.ReplaceAll(file.Name, "\\", "/")); {
		case name == "xl/workbook.xml":
			return kindWorkbook, ""
		case name == "xl/workbook.bin":
			return kindZip, "a binary Excel workbook (.xlsb): save it as a plain .xlsx"
		case name == "word/document.xml", name == "ppt/presentation.xml":
			return kindZip, "an Office document that is not a workbook"
		case name == "mimetype" && isOpenDocument(file):
			return kindZip, "an OpenDocument file (.ods): save it as an Excel workbook (.xlsx) and give that"
		}
	}
	return kindZip, ""
}

func isOpenDocument(file *zip.File) bool {
	content, err := file.Open()
	if err != nil {
		return false
	}
	defer content.Close()
	head, err := io.ReadAll(io.LimitReader(content, 64))
	return err == nil && bytes.HasPrefix(head, []byte("application/vnd.oasis.opendocument"))
}
