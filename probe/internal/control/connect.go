package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// receiveWindow is the largest HTTP/2 flow control window that net/http allows: 4 MB
// in flight are 320 Mbit/s over a 100 ms round trip.
const receiveWindow = 4<<20 - 1

// transport takes the settings of the path (proxy, dialing) from base, and sets those
// of the responder itself.
func (c *Client) transport(base *http.Transport) *http.Transport {
	t := &http.Transport{
		Proxy:               func(*http.Request) (*url.URL, error) { return c.proxy, nil },
		ProxyConnectHeader:  base.ProxyConnectHeader,
		TLSHandshakeTimeout: handshakeTimeout,
		TLSClientConfig:     c.tls(base.TLSClientConfig),
		Protocols:           new(http.Protocols),
		DisableCompression:  true,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: receiveWindow,
			MaxReceiveBufferPerStream:     receiveWindow,
			MaxReadFrameSize:              1 << 18,
			// After so long without data it is checked whether the connection is dead.
			SendPingTimeout: 5 * time.Second,
			PingTimeout:     5 * time.Second,
		},
	}
	t.Protocols.SetHTTP2(true)
	return t
}

// chooseProxy asks base for the proxy to the responder.
func (c *Client) chooseProxy(ctx context.Context) error {
	if c.base.Proxy == nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.invite.Host, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if c.proxy, err = c.base.Proxy(req); err != nil {
		return fmt.Errorf("%w: the environment's proxy setting is wrong: %w", ErrUnreachable, err)
	}
	return nil
}

// tls is TLS 1.3 with the pins in place of the authorities, if there are any.
// A proxy that is itself reached over TLS is judged by the authorities.
func (c *Client) tls(base *tls.Config) *tls.Config {
	conf := &tls.Config{}
	if base != nil {
		conf = base.Clone()
	}
	conf.MinVersion = tls.VersionTLS13
	if len(c.invite.Pins) == 0 {
		return conf
	}
	conf.InsecureSkipVerify = true // the pin says more than a name
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		leaf := cs.PeerCertificates[0]
		if c.invite.Trusts(leaf.RawSubjectPublicKeyInfo) {
			return nil
		}
		if c.proxy != nil && c.proxy.Scheme == "https" && cs.NegotiatedProtocol == "" {
			return verify(cs, c.proxy.Hostname(), conf.RootCAs)
		}
		return fmt.Errorf("%w: %s shows another key than the invite names. Ask for a new invite; if it names the same PIN, something on the path intercepts TLS and has to exempt this host", ErrPin, c.invite.Host)
	}
	return conf
}

// verify is what crypto/tls does by itself without pins.
func verify(cs tls.ConnectionState, name string, roots *x509.CertPool) error {
	opts := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := cs.PeerCertificates[0].Verify(opts)
	return err
}

// unreachable says in the user's words why there is no connection.
func (c *Client) unreachable(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrPin) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, ErrPortal):
		return fmt.Errorf("%w: %w", ErrUnreachable, ErrPortal)
	}
	if unknown, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: its certificate cannot be verified (%w). Give the whole invite with its PIN", ErrPin, unknown.Err)
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.DeadlineExceeded) {
		err = cause
	} else if deadline, ok := errors.AsType[net.Error](err); ok && deadline.Timeout() {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	_, port, _ := net.SplitHostPort(c.invite.Host)
	way, ask := c.invite.Host, "check that it runs and that the firewall lets TCP "+port+" out to it"
	if name, ok := errors.AsType[*net.DNSError](err); ok && c.proxy == nil {
		ask = "ask the network team why its DNS resolver does not answer that"
		if name.IsNotFound {
			ask = "check the host's name in the invite, and that this network's DNS resolver knows it"
		}
	}
	if c.proxy != nil {
		way += " through the proxy " + c.proxy.Redacted()
		ask = "check that the proxy lets CONNECT to port " + port + " through, or name the host in NO_PROXY"
	}
	return fmt.Errorf("%w: %s: %w; %s", ErrUnreachable, way, err, ask)
}
