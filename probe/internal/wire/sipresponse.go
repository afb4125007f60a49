package wire

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// A SIPResponse is a response of any server, old or new: header names in their compact
// form or in any case, folded headers, space before the colon (RFC 3261 7.3.1, 7.3.3
// and 25.1).
type SIPResponse struct {
	Status int    // 100 to 699
	Reason string // the server's words
	header map[string][]string
}

// statusLine is RFC 3261 7.2; the version may be written in any case.
var statusLine = regexp.MustCompile(`(?i)^SIP/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]+(.*))?$`)

// compact are the headers' short names (RFC 3261 7.3.3) that matter here.
var compact = map[string]string{"i": "call-id", "v": "via"}

// ParseSIPResponse reads a response. Headers that are not used are not checked.
func ParseSIPResponse(raw []byte) (a SIPResponse, ok bool) {
	head, _, _ := strings.Cut(strings.ReplaceAll(string(bytes.TrimLeft(raw, "\r\n")), "\r\n", "\n"), "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	status := statusLine.FindStringSubmatch(strings.TrimRight(first, " \t"))
	if status == nil {
		return a, false
	}
	a = SIPResponse{Reason: status[2], header: map[string][]string{}}
	a.Status, _ = strconv.Atoi(status[1]) // three digits
	for line := range strings.SplitSeq(folds.ReplaceAllString(rest, " "), "\n") {
		name, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if long := compact[name]; long != "" {
			name = long
		}
		a.header[name] = append(a.header[name], strings.TrimSpace(value))
	}
	return a, true
}

// folds are the line ends inside a header (RFC 3261 7.3.1).
var folds = regexp.MustCompile(`[ \t]*\n[ \t]+`)

// Header is the first value of a header, "" without one. The name is the long one.
func (a SIPResponse) Header(name string) string {
	if values := a.header[strings.ToLower(name)]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Answers reports whether the response is to this question: the Call-ID and the branch
// are random, so only somebody who has seen the question knows one of them.
func (a SIPResponse) Answers(o SIPOptions) bool {
	if a.Header("Call-ID") == o.CallID {
		return true
	}
	for _, via := range a.header["via"] {
		if strings.Contains(strings.ToLower(via), strings.ToLower(o.Branch)) {
			return true
		}
	}
	return false
}

// IsProvisional reports whether the final response is still to come.
func (a SIPResponse) IsProvisional() bool { return a.Status < 200 }
