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
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"netready/probe/internal/portal"
)

// https asks for a page, by HTTPS or by HTTP. Any status is proof that a web
// server is there; that it is the right one, only a certificate proves.
func (t target) https(ctx context.Context) outcome {
	o := t.getPage(ctx)
	if o.status == Pass {
		return o
	}
	return t.orByProxy(ctx, o)
}

func (t target) getPage(ctx context.Context) outcome {
	conn, verdict := t.connect(ctx, t.check.Protocol == "https")
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	defer boundTo(ctx, conn)()
	answer, err := getRoot(ctx, conn, t.check.Host)
	var malformed *malformedError
	switch {
	case errors.As(err, &malformed) && t.check.Protocol == "https":
		return t.fail(Protocol, "%s, whose certificate proves who answers, does not answer in HTTP: %s", t.place(), malformed)
	case errors.As(err, &malformed):
		return t.fail(Intercepted, "%s answers, but not in HTTP: %s", t.place(), malformed)
	case err != nil && (isTimeout(err) || isEOF(err)):
		return t.fail(NoReply, "%s accepted the connection but did not answer the request", t.place())
	case err != nil:
		return t.blamed(err, nil)
	case answer.code == portal.Status:
		return t.behindPortal()
	case t.check.Protocol == "http" && portal.LeadsAway(answer.location, t.check.Host):
		return t.fail(Hijacked, "%s sends to %s, which is somebody else's page: a captive portal or a filter", t.place(), printable([]byte(answer.location)))
	}
	return passed("answered with status " + answer.status)
}

// behindPortal is the verdict where a captive portal answers.
func (t target) behindPortal() outcome {
	return failed(Hijacked, t.place()+": "+portal.Words+".")
}

type malformedError struct{ error }

// page is what came of a request, as far as it can be read.
type page struct {
	status, location string
	code             int
}

// mostInterim is how many responses may come before the final one (RFC 9110 15.2).
const mostInterim = 8

// getRoot asks for "/" over a connection.
func getRoot(ctx context.Context, conn net.Conn, host string) (page, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, "80")+"/", nil)
	if err != nil {
		return page{}, fmt.Errorf("making the request: %w", err)
	}
	r.Host, r.Close = host, true
	r.Header.Set("User-Agent", "netready")
	if err := r.Write(conn); err != nil {
		return page{}, err
	}
	reader := bufio.NewReader(conn)
	var got page
	for range mostInterim {
		if got, err = readPage(reader, r); err != nil || got.code >= 200 || got.code == http.StatusSwitchingProtocols {
			break
		}
	}
	return got, err
}

// readPage reads a response. One that begins as HTTP does is HTTP, whatever is
// wrong with the headers of whoever runs the host.
func readPage(reader *bufio.Reader, r *http.Request) (page, error) {
	if _, err := reader.Peek(1); err != nil {
		return page{}, err
	}
	first, _ := reader.Peek(reader.Buffered())
	line, _, _ := strings.Cut(string(first), "\n")
	answer, err := http.ReadResponse(reader, r)
	if err != nil {
		if version, status, _ := strings.Cut(strings.TrimSpace(line), " "); httpVersion.MatchString(version) {
			code, _ := strconv.Atoi(status[:min(len(status), 3)])
			return page{status: printable([]byte(status)), code: max(code, 200)}, nil
		}
		if strings.Contains(err.Error(), "malformed") {
			err = &malformedError{err}
		}
		return page{}, err
	}
	defer answer.Body.Close()
	return page{status: answer.Status, code: answer.StatusCode, location: answer.Header.Get("Location")}, nil
}

// httpVersion is how every response begins (RFC 9112 4).
var httpVersion = regexp.MustCompile(`^HTTP/[0-9](\.[0-9])?$`)

// orByProxy tries the environment's proxy after the direct way has failed, as
// a browser would use it. Through CONNECT the certificate is still the
// service's own, so the proof is as good.
func (t target) orByProxy(ctx context.Context, direct outcome) outcome {
	if t.opts.NoProxy || t.check.Protocol == "http" || direct.reason == Intercepted {
		return direct
	}
	at := net.JoinHostPort(t.check.Host, fmt.Sprint(t.check.Port))
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(&url.URL{Scheme: "https", Host: at})
	if err != nil || proxy == nil || proxy.Scheme != "http" {
		return direct
	}
	conn, err := connectThrough(ctx, proxy, at)
	if err != nil {
		direct.detail += fmt.Sprintf(". The proxy %s did not help: %s", proxy.Host, err)
		return direct
	}
	defer boundTo(ctx, conn)()
	secure, verdict := t.handshake(ctx, conn)
	if verdict != nil {
		return *verdict
	}
	defer secure.Close()
	state := secure.(*tls.Conn).ConnectionState()
	return passed(fmt.Sprintf("reached through the proxy %s only; the direct way is closed (%s). Certificate issued by %s",
		proxy.Host, direct.reason, issuer(state.PeerCertificates)))
}

// errPortal is a proxy, or who answers in its place, that wants a log-in first.
var errPortal = errors.New("a captive portal answers")

// connectThrough opens a tunnel (RFC 9110 9.3.6).
func connectThrough(ctx context.Context, proxy *url.URL, at string) (net.Conn, error) {
	var d net.Dialer
	host := proxy.Host
	if proxy.Port() == "" {
		host = net.JoinHostPort(proxy.Hostname(), "80")
	}
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	stop := boundTo(ctx, conn)
	defer stop()
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: at}, Host: at, Header: http.Header{}}
	if u := proxy.User; u != nil {
		password, _ := u.Password()
		basic := http.Request{Header: http.Header{}}
		basic.SetBasicAuth(u.Username(), password)
		r.Header.Set("Proxy-Authorization", basic.Header.Get("Authorization"))
	}
	if err := r.Write(conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(&oneByte{conn}), r)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = answer.Body.Close()
	if answer.StatusCode == portal.Status {
		_ = conn.Close()
		return nil, errPortal
	}
	if answer.StatusCode != http.StatusOK {
		_ = conn.Close()
		return nil, fmt.Errorf("it answered %s", answer.Status)
	}
	return conn, nil
}

// oneByte keeps a buffered reader from taking bytes of the tunnel.
type oneByte struct{ io.Reader }

func (r *oneByte) Read(b []byte) (int, error) {
	if len(b) > 1 {
		b = b[:1]
	}
	return r.Reader.Read(b)
}
