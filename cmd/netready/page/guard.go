package page

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"netready/internal/pageheaders"
)

// guard answers only requests with the page's secret. The secret is the first part of the
// path of every address of the page, so that a browser sends it to this server alone. A
// cookie would go to every port of this host, and so to programs of its other users.
type guard struct {
	secret string
	hosts  []string // what a Host header may say

	mu      sync.Mutex        // guards the rest
	tickets map[string]func() // each opens the page once, and then calls this
}

func newGuard(addr *net.TCPAddr, secret string) *guard {
	port := strconv.Itoa(addr.Port)
	return &guard{secret: secret, hosts: []string{addr.String(), net.JoinHostPort("localhost", port)}, tickets: map[string]func(){}}
}

// url is the address for the owner, who may open it any number of times.
func (g *guard) url() string { return g.address(g.secret) }

func (g *guard) address(token string) string {
	u := url.URL{Scheme: "http", Host: g.hosts[0], Path: "/", RawQuery: url.Values{"token": {token}}.Encode()}
	return u.String()
}

// ticket is an address that opens the page once; used is called then.
func (g *guard) ticket(used func()) string {
	token := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tickets[token] = used
	return g.address(token)
}

// redeem says whether a token is an unused ticket, and makes it used.
func (g *guard) redeem(token string) bool {
	g.mu.Lock()
	used, ok := g.tickets[token]
	delete(g.tickets, token)
	g.mu.Unlock()
	if ok {
		used()
	}
	return ok
}

// protect checks every request before its handler.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pageheaders.Set(w.Header(), contentPolicy)
		if !g.knownHost(r.Host) { // a name that an attacker's DNS points at 127.0.0.1
			http.Error(w, "This page answers only under the address that netready printed.", http.StatusForbidden)
			return
		}
		if !g.sameOrigin(r) {
			http.Error(w, "This request comes from another page.", http.StatusForbidden)
			return
		}
		g.admit(next, w, r)
	})
}

// admit redirects a request with a token to the page, and passes one with the secret to
// its handler. A program other than a browser may add the token to each address.
func (g *guard) admit(next http.Handler, w http.ResponseWriter, r *http.Request) {
	first, _, slash := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	token := r.URL.Query().Get("token")
	switch {
	case g.is(first) && slash:
		http.StripPrefix("/"+first, next).ServeHTTP(w, r)
	case g.is(first), r.URL.Path == "/" && r.Method == http.MethodGet && (g.is(token) || g.redeem(token)):
		w.Header().Set("Location", "/"+g.secret+"/") // http.Redirect would write the secret into a body as well
		w.WriteHeader(http.StatusSeeOther)
	case g.is(token):
		next.ServeHTTP(w, r)
	case r.URL.Path == "/favicon.ico": // browsers ask for it before the page has named its icon
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "The token is missing, wrong or used up. Open the address that netready printed, or start netready again.", http.StatusForbidden)
	}
}

func (g *guard) knownHost(host string) bool {
	for _, h := range g.hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// sameOrigin refuses requests of another site, or of a page on another port of this
// machine. A request that changes something must name its origin.
func (g *guard) sameOrigin(r *http.Request) bool {
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

func (g *guard) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.secret)) == 1
}
