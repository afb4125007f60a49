package page

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// guard lets in only the browser that was given the address with the token.
type guard struct {
	token  string
	hosts  []string // what a Host header may say
	cookie string   // cookies are shared by all ports of a host, so the name has the port
}

func newGuard(addr *net.TCPAddr, token string) guard {
	port := strconv.Itoa(addr.Port)
	return guard{token, []string{addr.String(), net.JoinHostPort("localhost", port)}, "netready_" + port}
}

func (g guard) url() string {
	u := url.URL{Scheme: "http", Host: g.hosts[0], Path: "/", RawQuery: url.Values{"token": {g.token}}.Encode()}
	return u.String()
}

// protect stands before every handler.
func (g guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harden(w.Header())
		switch {
		case !g.knownHost(r.Host):
			// A name that an attacker's DNS points at 127.0.0.1.
			http.Error(w, "This page answers only under the address that netready printed.", http.StatusForbidden)
		case !g.sameOrigin(r):
			http.Error(w, "This request comes from another page.", http.StatusForbidden)
		case !g.hasToken(r):
			http.Error(w, "The token is missing or wrong. Open the address that netready printed, or start netready again.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func harden(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
}

func (g guard) knownHost(host string) bool {
	for _, h := range g.hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// sameOrigin refuses what another site, or a page on another port of this
// machine, sends. What changes something must name its origin.
func (g guard) sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if origin != "http://"+r.Host {
			return false
		}
	} else if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	site, mode := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode")
	foreign := site == "cross-site" || site == "same-site"
	return !foreign || mode == "navigate"
}

// hasToken looks into the cookie, and into the address for the first visit.
func (g guard) hasToken(r *http.Request) bool {
	if c, err := r.Cookie(g.cookie); err == nil && g.is(c.Value) {
		return true
	}
	return g.is(r.URL.Query().Get("token"))
}

func (g guard) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1
}

// admit gives the browser the token as a cookie that no script reads, so that
// the page can take it out of the address bar and still be reloaded.
func (g guard) admit(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
}
