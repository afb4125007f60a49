package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"strings"

	"netready/report/html"
)

//go:embed assets
var assets embed.FS

//go:generate go tool qtc -skipLineComments

// What is in the page itself, so that a browser fetches nothing before the first paint:
// the style of its frame, which is painted first; the script that waits for that paint;
// and the style of everything else, unused in a template until then.
var (
	frameStyle = html.Base() + embedded("frame.css")
	start      = embedded("start.js")
	viewStyle  = html.Style() + embedded("page.css")
)

// contentPolicy lets the page use its own files and exactly these styles and this script,
// and nothing else: no other inline style or script, no other host, no frame, no form to
// another host.
var contentPolicy = "default-src 'none'; script-src 'self' " + digest(start) + "; style-src " + digest(frameStyle) + " " + digest(viewStyle) + "; " +
	"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// digest is how a content security policy names an inline style or script.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// embedded is a file of the page, a script without its lines of comment.
func embedded(name string) string {
	text, _ := fs.ReadFile(assets, "assets/"+name) // always there
	if !strings.HasSuffix(name, ".js") {
		return string(text)
	}
	var lean strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			lean.WriteString(line)
		}
	}
	return lean.String()
}

var assetTypes = map[string]string{"js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

// asset serves an embedded file.
func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	_, ending, _ := strings.Cut(name, ".")
	kind, ok := assetTypes[ending]
	text := embedded(name)
	if !ok || text == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write([]byte(text))
}
