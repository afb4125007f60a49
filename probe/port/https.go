package port

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"netready/probe/facts"
	"netready/probe/internal/portal"
)

// https asks for a page, by HTTPS or by HTTP. Any status proves that a web server is
// there; only a certificate proves that it is the right one.
func (t target) https(ctx context.Context) outcome {
	conn, verdict := t.connect(ctx, t.check.Protocol == "https")
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	return t.pageOver(ctx, conn)
}

// pageOver asks for a page over a connection.
func (t target) pageOver(ctx context.Context, conn net.Conn) outcome {
	defer boundTo(ctx, conn)()
	answer, err := getRoot(ctx, conn, t.check.Host)
	var malformed *malformedError
	switch {
	case errors.As(err, &malformed) && t.check.Protocol == "https":
		return t.fail(facts.ReasonProtocol, "%s, whose certificate proves who answers, does not answer in HTTP: %s", t.place(), malformed)
	case errors.As(err, &malformed):
		return t.fail(facts.ReasonIntercepted, "%s answers, but not in HTTP: %s", t.place(), malformed)
	case err != nil && (isTimeout(err) || isEOF(err)):
		return t.fail(facts.ReasonNoReply, "%s accepted the connection but did not answer the request", t.place())
	case err != nil:
		return t.blamed(err, nil)
	}
	return t.judgePage(answer)
}

// judgePage decides whether a page is from the host or from somebody else.
func (t target) judgePage(answer page) outcome {
	switch {
	case answer.code == portal.Status:
		return t.behindPortal()
	case t.check.Protocol == "http" && portal.LeadsAway(answer.location, t.check.Host):
		return t.fail(facts.ReasonHijacked, "%s sends to %s, which is somebody else's page: a captive portal or a filter", t.place(), printable([]byte(portal.Shown(answer.location))))
	}
	return passed("answered with status " + answer.status)
}

// behindPortal is the verdict where a captive portal answers.
func (t target) behindPortal() outcome {
	return failed(facts.ReasonHijacked, t.place()+": "+portal.Words+".")
}

type malformedError struct{ error }

// page is the answer to a request, as far as it can be read.
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
	return readFinal(bufio.NewReader(conn), r)
}

// readFinal reads responses up to the final one.
func readFinal(reader *bufio.Reader, r *http.Request) (got page, err error) {
	for range mostInterim {
		if got, err = readPage(reader, r); err != nil || got.code >= 200 || got.code == http.StatusSwitchingProtocols {
			break
		}
	}
	return got, err
}

// readPage reads a response. One that begins as HTTP counts as HTTP, even if its headers
// are wrong.
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
		if wasCut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error)); !wasCut {
			err = &malformedError{err}
		}
		return page{}, err
	}
	defer answer.Body.Close()
	return page{status: answer.Status, code: answer.StatusCode, location: answer.Header.Get("Location")}, nil
}

// httpVersion is how every response begins (RFC 9112 4).
var httpVersion = regexp.MustCompile(`^HTTP/[0-9](\.[0-9])?$`)
