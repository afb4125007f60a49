package port

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/internal/portal"
	"netready/probe/internal/proxy"
)

// proxiesTo are the proxies that a browser would use for a check, in the order to try:
// for HTTPS, for TLS on 443, and for HTTP. Checks of the responder use none, since the
// direct way has to be proved.
func proxiesTo(ctx context.Context, c Check, opts Options) []proxy.Way {
	switch s := opts.Session; {
	case opts.NoProxy, c.Host == "", c.Host == facts.HostResponder, s != nil && strings.EqualFold(s.Host, c.Host):
		return nil
	case c.Protocol == "https", c.Protocol == "tls" && c.Port == 443:
		return opts.proxies().For(ctx, &url.URL{Scheme: "https", Host: net.JoinHostPort(c.Host, fmt.Sprint(c.Port))})
	case c.Protocol == "http":
		return opts.proxies().For(ctx, &url.URL{Scheme: "http", Host: net.JoinHostPort(c.Host, fmt.Sprint(c.Port))})
	}
	return nil
}

// viaProxies tries a check as a browser would. It resolves no name, since that often
// fails where only a proxy leads out. nil: the direct way is to be tried; word says what
// the proxies did.
func viaProxies(ctx context.Context, check Check, opts Options, started time.Time) (r *Row, word string, last *outcome) {
	term, cancel := dial.NewTerm(ctx, opts.Limit, slowLimits*opts.Limit, nil)
	defer cancel()
	for _, way := range proxiesTo(term, check, opts) {
		t := target{check: check, opts: opts, via: &way, term: term, addr: netip.AddrPortFrom(netip.Addr{}, uint16(check.Port))}
		o, err := t.throughProxy(term)
		if err == nil {
			o.detail += t.howFound()
			found := row(term, t, o, started)
			return &found, "", nil
		}
		word = fmt.Sprintf(" The proxy %s, which a browser would use, did not help: %s.", way.Name(), err)
		if o.reason == facts.ReasonProxyAuth {
			last = &o
		}
	}
	return nil, word, last
}

// howFound says where the proxy is set.
func (t target) howFound() string {
	if t.via.Script != "" {
		return fmt.Sprintf(" (through the proxy %s, named in the script %s, which this program does not run: whether it is for this host is not known)", t.via.Name(), proxy.Clean(t.via.Script))
	}
	return fmt.Sprintf(" (through the proxy %s, as a browser goes; set in: %s)", t.via.Name(), t.via.Source)
}

// throughProxy is the outcome through the proxy. An error says that the proxy did not
// help.
func (t target) throughProxy(ctx context.Context) (outcome, error) {
	began := time.Now()
	conn, err := dialProxy(ctx, t.via.URL)
	if err != nil {
		return outcome{}, err
	}
	defer conn.Close()
	t.accepted(time.Since(began))
	defer boundTo(ctx, conn)()
	at := net.JoinHostPort(t.check.Host, fmt.Sprint(t.check.Port))
	if t.check.Protocol == "http" {
		return t.pageByProxy(ctx, conn, at)
	}
	status, err := tunnel(conn, t.via.URL, at)
	if err != nil {
		return outcome{}, err
	}
	if status.code != http.StatusOK {
		return t.refusedByProxy(status)
	}
	t.accepted(time.Since(began))
	secure, verdict := t.handshake(ctx, conn)
	if verdict != nil {
		return *verdict, nil
	}
	defer secure.Close()
	if t.check.Protocol == "https" {
		return t.pageOver(ctx, secure), nil
	}
	certificates := secure.(*tls.Conn).ConnectionState().PeerCertificates //nolint:forcetypeassert // handshake makes no other
	return passed(fmt.Sprintf("certificate of %s, issued by %s", t.check.Host, issuer(certificates))), nil
}

// refusedByProxy is the verdict on a proxy's own answer. A proxy from an environment
// variable may not be the one that a browser uses.
func (t target) refusedByProxy(status page) (outcome, error) {
	said := fmt.Sprintf("it answered %s", status.status)
	switch {
	case status.code == portal.Status:
		return t.behindPortal(), nil
	case status.code == http.StatusProxyAuthRequired:
		said += ": it wants a log-in that only a browser can give"
		return notMeasured(facts.ReasonProxyAuth, fmt.Sprintf("the proxy %s %s", t.via.Name(), said)), errors.New(said)
	case t.via.Source == proxy.Environment || t.via.Script != "":
		return outcome{}, errors.New(said)
	case status.code >= http.StatusInternalServerError:
		return t.fail(facts.ReasonUnreachable, "the proxy %s could not reach %s: %s", t.via.Name(), t.check.Host, said), nil
	}
	return t.fail(facts.ReasonProhibited, "the proxy %s does not let %s through: %s", t.via.Name(), t.check.Host, said), nil
}

// pageByProxy asks the proxy for the page (RFC 9112 3.2.2).
func (t target) pageByProxy(ctx context.Context, conn net.Conn, at string) (outcome, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+strings.TrimSuffix(at, ":80")+"/", nil)
	if err != nil {
		return outcome{}, fmt.Errorf("making the request: %w", err)
	}
	r.Close = true
	r.Header.Set("User-Agent", "netready")
	authorize(r, t.via.URL)
	if err := r.WriteProxy(conn); err != nil {
		return outcome{}, err
	}
	got, err := readFinal(bufio.NewReader(conn), r)
	switch {
	case err != nil:
		return outcome{}, err
	case got.code == http.StatusProxyAuthRequired || got.code >= 502 && got.code <= 504 || got.code == portal.Status:
		return t.refusedByProxy(got)
	}
	o := t.judgePage(got)
	if o.status == facts.StatusPass && got.code == http.StatusForbidden {
		o.detail += ", which may be the proxy's own refusal"
	}
	return o, nil
}

func dialProxy(ctx context.Context, by *url.URL) (net.Conn, error) {
	usual := map[string]string{"http": "80", "https": "443"}[by.Scheme]
	if usual == "" {
		return nil, fmt.Errorf("a proxy of the kind %s is not tried by this program", by.Scheme)
	}
	if by.Port() != "" {
		usual = by.Port()
	}
	conn, err := dial.TCP(ctx, nil, net.JoinHostPort(by.Hostname(), usual))
	if err != nil || by.Scheme == "http" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: by.Hostname(), MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// tunnel asks for a connection (RFC 9110 9.3.6).
func tunnel(conn net.Conn, by *url.URL, at string) (page, error) {
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: at}, Host: at, Header: http.Header{"User-Agent": {"netready"}}}
	authorize(r, by)
	if err := r.Write(conn); err != nil {
		return page{}, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(&oneByte{conn}), r)
	if err != nil {
		return page{}, fmt.Errorf("it did not answer in HTTP: %w", err)
	}
	_ = answer.Body.Close()
	return page{status: printable([]byte(answer.Status)), code: answer.StatusCode}, nil
}

// authorize adds the name and password of the proxy's address.
func authorize(r *http.Request, by *url.URL) {
	if by.User == nil {
		return
	}
	password, _ := by.User.Password()
	basic := http.Request{Header: http.Header{}}
	basic.SetBasicAuth(by.User.Username(), password)
	r.Header.Set("Proxy-Authorization", basic.Header.Get("Authorization"))
}

// oneByte keeps a buffered reader from taking bytes of the tunnel.
type oneByte struct{ io.Reader }

func (r *oneByte) Read(b []byte) (int, error) {
	if len(b) > 1 {
		b = b[:1]
	}
	return r.Reader.Read(b)
}

// inInternet reports whether a target is one of the public Internet: by its
// address, or through a proxy by its name.
func (t target) inInternet() bool {
	if t.addr.Addr().IsValid() {
		return inInternet(t.addr.Addr())
	}
	if ip, err := netip.ParseAddr(t.check.Host); err == nil {
		return inInternet(ip)
	}
	_, public := publicsuffix.PublicSuffix(strings.ToLower(t.check.Host))
	return public
}
