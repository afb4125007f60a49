package port

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"netready/probe/facts"
	"netready/probe/internal/portal"
	"netready/probe/internal/wire"
)

// tls makes a handshake and looks at the certificate. The responder proves
// itself over the connection instead, whatever its certificate.
func (t target) tls(ctx context.Context) outcome {
	started := time.Now()
	conn, verdict := t.connect(ctx, true)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return notMeasured(facts.ReasonUnknown, "not a TLS connection")
	}
	state := secure.ConnectionState()
	if t.session == nil {
		return passed(fmt.Sprintf("handshake in %s; certificate of %s, issued by %s",
			milliseconds(time.Since(started)), t.check.Host, issuer(state.PeerCertificates)))
	}
	material, err := state.ExportKeyingMaterial(wire.TLSBinding, nil, 16)
	if err != nil {
		return t.fail(facts.ReasonTLS, "%s: %s", t.place(), err)
	}
	return t.knockStream(ctx, secure, [16]byte(material), ", with a certificate issued by "+issuer(state.PeerCertificates)+",")
}

// handshake turns a connection into a TLS connection with a certificate that judge
// accepts, or says what is wrong with it. It closes conn if it fails.
func (t target) handshake(ctx context.Context, conn net.Conn) (net.Conn, *outcome) {
	var doubt *outcome
	heard := portal.Listen(conn)
	secure := tls.Client(heard, &tls.Config{
		ServerName:         t.check.Host,
		InsecureSkipVerify: true, // judge verifies, so that it can say what is wrong
		VerifyConnection: func(state tls.ConnectionState) error {
			if t.session != nil {
				return nil
			}
			if doubt = t.judge(state.PeerCertificates); doubt != nil {
				return errors.New("certificate refused")
			}
			return nil
		},
	})
	err := secure.HandshakeContext(ctx)
	if err == nil {
		return secure, nil
	}
	_ = conn.Close()
	if doubt == nil && heard.Says() {
		o := t.behindPortal()
		doubt = &o
	}
	if doubt == nil {
		doubt = new(t.handshakeFailed(err))
	}
	return nil, doubt
}

func (t target) handshakeFailed(err error) outcome {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case isTimeout(err) || errors.Is(err, context.DeadlineExceeded):
		return t.fail(facts.ReasonTLS, "%s accepted the connection, but the TLS handshake got no answer; a firewall that inspects or filters by name looks like this", t.place())
	case isEOF(err):
		return t.fail(facts.ReasonTLS, "%s closed the connection in the TLS handshake; a firewall that filters by name looks like this", t.place())
	case errors.As(err, &record):
		return t.fail(facts.ReasonIntercepted, "%s answers, but not with TLS (it said %q); a captive portal or a proxy looks like this", t.place(), printable(record.RecordHeader[:]))
	case errors.As(err, &alert):
		return t.fail(facts.ReasonTLS, "%s refused the TLS handshake: %s", t.place(), alert.Error())
	}
	if o := t.blamed(err, nil); o.reason != facts.ReasonProtocol {
		return o
	}
	return t.fail(facts.ReasonTLS, "%s: the TLS handshake failed: %s", t.place(), err)
}

func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(b))
}

// publicRoots are the certificate authorities that the public trusts (Mozilla's list).
// The authority of a proxy, which a company installs on its machines, is not one of them.
var publicRoots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		if c, err := x509.ParseCertificate(root.Certificate); err == nil {
			pool.AddCert(c)
		}
	}
	return pool
})

// judge says what is wrong with a certificate; nil: nothing.
func (t target) judge(chain []*x509.Certificate) *outcome {
	if len(chain) == 0 {
		return new(t.fail(facts.ReasonTLS, "%s sent no certificate", t.place()))
	}
	err := verify(chain, t.opts.Roots, t.check.Host)
	if err == nil {
		return t.judgeAuthority(chain)
	}
	var o outcome
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		o = t.fail(facts.ReasonIntercepted, "%s shows a certificate issued by %s, whom this machine does not trust: a proxy in between opens the encryption, or somebody else answers",
			t.place(), issuer(chain))
	case errors.As(err, &name):
		o = t.fail(facts.ReasonIntercepted, "%s shows a certificate for %s, issued by %s: somebody else answers in its place",
			t.place(), strings.Join(names(chain[0]), ", "), issuer(chain))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		o = t.fail(facts.ReasonTLS, "%s: the certificate is valid from %s to %s only; is this machine's clock right?", t.place(),
			chain[0].NotBefore.Format(time.DateOnly), chain[0].NotAfter.Format(time.DateOnly))
	default:
		o = t.fail(facts.ReasonTLS, "%s: the certificate, issued by %s, cannot be trusted: %s", t.place(), issuer(chain), err)
	}
	return &o
}

// judgeAuthority examines a chain that this machine trusts. If the public does not trust
// it, a private authority issued it: that of a proxy, for a host in the Internet; that
// of the owner, for one in the company's own network.
func (t target) judgeAuthority(chain []*x509.Certificate) *outcome {
	if verify(chain, publicRoots(), t.check.Host) == nil || logged(chain[0]) || !t.inInternet() {
		return nil
	}
	o := t.fail(facts.ReasonIntercepted, "%s shows a certificate issued by %s: this machine trusts it, the public does not, so a proxy in between opens the encryption",
		t.place(), issuer(chain))
	return &o
}

// logged says whether a certificate has the stamp of a public log (RFC 6962 3.3), as the
// certificates of public authorities have, also of those that are newer than our list.
func logged(c *x509.Certificate) bool {
	stamps := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(stamps) })
}

func verify(chain []*x509.Certificate, roots *x509.CertPool, host string) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host})
	return err
}

// inInternet reports whether an address is one of the public Internet.
func inInternet(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, special := range []string{"100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if netip.MustParsePrefix(special).Contains(ip) {
			return false
		}
	}
	return true
}

// issuer is the authority at the end of a chain, as people know it.
func issuer(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return "nobody"
	}
	name := chain[len(chain)-1].Issuer
	switch {
	case len(name.Organization) > 0 && name.CommonName != "" && name.CommonName != name.Organization[0]:
		return fmt.Sprintf("%q (%s)", name.CommonName, name.Organization[0])
	case name.CommonName != "":
		return fmt.Sprintf("%q", name.CommonName)
	default:
		return fmt.Sprintf("%q", name.String())
	}
}

func names(c *x509.Certificate) []string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return []string{fmt.Sprintf("%q", c.Subject.CommonName)}
	}
	return all[:min(len(all), 3)]
}
