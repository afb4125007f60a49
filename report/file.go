package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"netready/internal/atomicfile"
)

// FileName is the name of a result without its ending:
// netready_ORG_REGION_HOST_YYYYMMDDTHHMMSSZ_RUNID8, safe on every file system.
func FileName(r Report) string {
	id := r.RunID
	if len(id) > 8 {
		id = id[len(id)-8:] // the random end of a ULID
	}
	return strings.Join([]string{
		"netready", namePart(r.Organization, "unnamed"), namePart(r.Region.ID, "region"), namePart(r.Machine.Hostname, "host"),
		r.StartedAt.UTC().Format("20060102T150405Z"), namePart(id, "run"),
	}, "_")
}

// latin are letters that are no others with an accent.
var latin = strings.NewReplacer("ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ø", "o", "Ø", "O", "ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "þ", "th")

// namePart keeps ASCII letters, without accents, and digits; everything else becomes
// a hyphen. A whole name cannot be a reserved one, since it has five more parts.
func namePart(s, otherwise string) string {
	const most = 32
	var b strings.Builder
	for _, r := range norm.NFKD.String(latin.Replace(s)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= most {
			break
		}
	}
	if part := strings.Trim(b.String(), "-"); part != "" {
		return part
	}
	return otherwise
}

// Share lets the other users of the computer read files, and enter their folder.
func Share(files ...string) error {
	for _, name := range files {
		folder := filepath.Dir(name)
		info, err := os.Stat(folder)
		if err == nil {
			err = errors.Join(os.Chmod(name, 0o644), os.Chmod(folder, info.Mode()|0o055)) // what others may already stays
		}
		if err != nil {
			return fmt.Errorf("sharing the results: %w", err)
		}
	}
	return nil
}

// WriteFiles writes a report as TXT and JSON into a folder and returns both
// paths. Nothing that exists is overwritten.
func WriteFiles(dir string, r Report) (txt, js string, err error) {
	name := FileName(r)
	for n := 2; ; n++ {
		txt, js = filepath.Join(dir, name+".txt"), filepath.Join(dir, name+".json")
		err = atomicfile.Create(js, func(w io.Writer) error { return WriteJSON(w, r) })
		if err == nil {
			err = atomicfile.Create(txt, func(w io.Writer) error { return WriteText(w, r) })
			if err == nil {
				return txt, js, nil
			}
			_ = os.Remove(js) // we have just made it, and it is useless without the other
		}
		if !errors.Is(err, fs.ErrExist) || n > 99 {
			return "", "", err
		}
		name = fmt.Sprintf("%s_%d", FileName(r), n)
	}
}

// buffered collects many small pieces and writes them at once.
func buffered(w io.Writer, write func(*bytes.Buffer)) error {
	var b bytes.Buffer
	write(&b)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
