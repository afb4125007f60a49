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
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// https asks for a page, by HTTPS or by HTTP. Any status is proof that a web
// server is there; that it is the right one, only a certificate proves.
func (t target) https(ctx context.Context) outcome {
	o := t.page(ctx)
	if o.status == Pass {
		return o
	}
	return t.orByProxy(ctx, o)
}

func (t target) page(ctx context.Context) outcome {
	conn, verdict := t.connect(ctx, t.check.Protocol == "https")
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	defer boundTo(ctx, conn)()
	status, location, err := getRoot(ctx, conn, t.check.Host)
	var malformed *malformedError
	switch {
	case errors.As(err, &malformed):
		return t.fail(Intercepted, "%s answers, but not in HTTP: %s", t.place(), malformed)
	case err != nil && (isTimeout(err) || isEOF(err)):
		return t.fail(NoReply, "%s accepted the connection but did not answer the request", t.place())
	case err != nil:
		return t.blamed(err, nil)
	}
	if t.check.Protocol == "http" && location != "" && !sameSite(location, t.check.Host) {
		return t.fail(Hijacked, "%s sends to %s, which is somebody else's page: a captive portal or a filter", t.place(), location)
	}
	return passed("answered with status " + status)
}

type malformedError struct{ error }

// getRoot asks for "/" over a connection.
func getRoot(ctx context.Context, conn net.Conn, host string) (status, location string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, "80")+"/", nil)
	if err != nil {
		return "", "", fmt.Errorf("making the request: %w", err)
	}
	r.Host, r.Close = host, true
	r.Header.Set("User-Agent", "netready")
	if err := r.Write(conn); err != nil {
		return "", "", err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		if strings.Contains(err.Error(), "malformed") {
			err = &malformedError{err}
		}
		return "", "", err
	}
	defer answer.Body.Close()
	return answer.Status, answer.Header.Get("Location"), nil
}

// sameSite reports whether a redirection stays with a host: the same name, or
// one that shares its last two labels.
func sameSite(location, host string) bool {
	u, err := url.Parse(location)
	if err != nil || u.Hostname() == "" {
		return err == nil
	}
	return lastLabels(u.Hostname()) == lastLabels(host)
}

func lastLabels(host string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

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
		direct.detail += fmt.Sprintf(" The proxy %s did not help: %s.", proxy.Host, err)
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
