//go:build system

package merge

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
	"netready/report"
)

// TestScreenshots draws the workbook's sheets into the folder that it is given:
// make screenshots.
func TestScreenshots(t *testing.T) {
	images := os.Getenv("NETREADY_SCREENSHOTS")
	if images == "" {
		t.Skip("make screenshots makes them")
	}
	tool := need.Tool(t, "pdftoppm")
	dir := t.TempDir()
	t.Chdir(dir)
	for i := range 400 {
		r := corpusRun(i * 61)
		r.Firewall = r.Firewall[:12]
		r.Machine.Hostname = fmt.Sprintf("PC-%03d", i%25)
		put(t, filepath.Join(dir, "in", r.RunID+".json"), jsonOf(t, report.New(r.Result, r.Limits)))
	}
	put(t, filepath.Join(dir, "in", "cut.txt"), textOf(t, corpusRun(9))[:900])
	out := filepath.Join(dir, "workbook.xlsx")
	do(t, Merge{Sources: []string{"in"}, Out: out, Version: "v1.0.0"}, 400)
	office(t, out, "pdf")
	for picture, words := range map[string]string{
		"summary": "runs are ready for cloud voice", "runs": "Run ID", "firewall": "Tested", "by-hour": "By hour of the day", "about": "About this workbook",
	} {
		page := pageWith(t, filepath.Join(dir, "workbook.pdf"), words)
		run(t, tool, "-r", "100", "-png", "-singlefile", "-f", page, "-l", page, filepath.Join(dir, "workbook.pdf"), filepath.Join(dir, picture))
		crop(t, filepath.Join(dir, picture+".png"), filepath.Join(images, "workbook-"+picture+".png"))
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

// pageWith finds the first page that has the words.
func pageWith(t *testing.T, pdf, words string) string {
	t.Helper()
	for i, page := range strings.Split(run(t, need.Tool(t, "pdftotext"), pdf, "-"), "\f") {
		if strings.Contains(strings.Join(strings.Fields(page), " "), words) {
			return strconv.Itoa(i + 1)
		}
	}
	t.Fatalf("no page has %q", words)
	return ""
}

// crop cuts the white margins off a picture.
func crop(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var ink image.Rectangle
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if r, g, b, _ := picture.At(x, y).RGBA(); r+g+b < 3*0xFFFF {
				ink = ink.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	ink = ink.Inset(-12)
	small := image.NewRGBA(image.Rect(0, 0, ink.Dx(), ink.Dy()))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(small, small.Bounds(), picture, ink.Min, draw.Over)
	var out bytes.Buffer
	if err := png.Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	put(t, to, out.Bytes())
}
