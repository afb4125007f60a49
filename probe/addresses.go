package probe

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestAddress is that of an address with its port in a sentence.
const longestAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:65535")

// withoutAddresses is a text without the addresses of this machine and its network.
func (s *scrubber) withoutAddresses(text string) string {
	var b strings.Builder
	for at := 0; at < len(text); {
		length, address := addressAt(text, at)
		switch {
		case length == 0:
			length = 1
			b.WriteByte(text[at])
		case s.isOurs(address):
			b.WriteString(ellipsis)
		default:
			b.WriteString(text[at : at+length])
		}
		at += length
	}
	return b.String()
}

// addressAt is the longest address, alone or with its port, that begins at a place of a
// text; length 0: none does.
func addressAt(text string, at int) (length int, address netip.Addr) {
	rest := text[at:min(len(text), at+longestAddress)]
	end := 0
	for end < len(rest) && isOfAddress(rest[end]) {
		end++
	}
	onlyIPv4, begins := beginning(text[:at])
	if !begins {
		return 0, address
	}
	for ; end > 1; end-- {
		inside := at+end < len(text) && isHex(text[at+end]) && isHex(rest[end-1])
		if inside || rest[end-1] == '.' || !strings.ContainsAny(rest[:end], ".:") {
			continue
		}
		if a, ok := addressIn(rest[:end]); ok && (a.Is4() || !onlyIPv4) {
			return end, a
		}
	}
	return 0, address
}

// beginning says whether an address may begin behind a text: not within a word or a
// number. Behind a letter only one of IPv4 can be told from the word.
func beginning(before string) (onlyIPv4, begins bool) {
	if n := len(before); n >= 3 && before[n-3] == '%' && isHex(before[n-2]) && isHex(before[n-1]) {
		return false, true // an escaped sign, as in URLs
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	return unicode.IsLetter(last), !unicode.IsDigit(last)
}

func isOfAddress(c byte) bool { return isHex(c) || c == ':' || c == '.' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
