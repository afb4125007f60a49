// Package invitepage is the page that an invite opens in a browser: what is
// tested, the program to download, the next step. The invite's secrets stay in the
// browser: the fragment of a link is sent to nobody.
package invitepage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"netready/internal/pageheaders"
	"netready/probe/responder"
	"netready/report/html"
)

var (
	//go:embed page.html
	document string
	//go:embed page.css
	ownStyle string
	//go:embed page.js
	script string

	page  = template.Must(template.New("page").Parse(document))
	style = html.Base() + ownStyle
)

// contentPolicy lets the page use this very style and script and fetch from its
// own responder, and nothing else.
var contentPolicy = "default-src 'none'; script-src " + digest(script) + "; style-src " + digest(style) +
	"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// A Page is what visitors see.
type Page struct {
	Region, Version string
	Host            func() string           // of the invite
	Files           func() []responder.File // that can be downloaded
}

// row is a file as the page shows it.
type row struct {
	responder.File
	OS, Arch, System, Megabytes string
}

// ServeHTTP implements http.Handler.
func (p Page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	data := struct {
		Host, Region, Version string
		Files                 []row
		Style                 template.CSS
		Script                template.JS
	}{Host: p.Host(), Region: p.Region, Version: p.Version, Style: template.CSS(style), Script: template.JS(script)} //nolint:gosec // both are parts of this program
	for _, f := range p.Files() {
		os, arch, _ := SystemOf(f.Name)
		data.Files = append(data.Files, row{f, os, arch, words[os] + ", " + arch, fmt.Sprintf("%.1f", float64(f.Size)/1e6)})
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		http.Error(w, "The page cannot be made. Give the whole invite to this command: netready run --responder", http.StatusInternalServerError)
		return
	}
	pageheaders.Set(w.Header(), contentPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

var words = map[string]string{"windows": "Windows", "darwin": "macOS", "linux": "Linux"}

// SystemOf says for which system a release file is, by its name: netready, the
// system, the processor, as in netready-v1.2.3-windows-amd64.exe.
func SystemOf(name string) (os, arch string, ok bool) {
	lower := strings.ToLower(name)
	find := func(spellings [][2]string) string {
		for _, s := range spellings {
			if strings.Contains(lower, s[0]) {
				return s[1]
			}
		}
		return ""
	}
	os = find([][2]string{{"windows", "windows"}, {"darwin", "darwin"}, {"macos", "darwin"}, {"linux", "linux"}})
	arch = find([][2]string{{"amd64", "amd64"}, {"x86_64", "amd64"}, {"arm64", "arm64"}, {"aarch64", "arm64"}})
	return os, arch, strings.HasPrefix(lower, "netready") && !strings.HasPrefix(lower, "netready-responder") && os != "" && arch != ""
}
