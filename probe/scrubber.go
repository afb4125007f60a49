package probe

import (
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"netready/probe/facts"
	"netready/probe/port"
)

// A scrubber takes names and addresses out of sentences.
type scrubber struct {
	addresses map[netip.Addr]bool // of this machine and its network
	far       map[netip.Addr]bool // of the far end, which the result names
	words     []string            // names, the longest first
	hardware  []*regexp.Regexp    // hardware addresses, in every form
}

// newScrubber knows what the result and the system tell of this machine, which addresses
// are the far end's, and which it saw this machine with.
func newScrubber(r *facts.Result, far []netip.Addr, own []netip.AddrPort) *scrubber {
	s := &scrubber{addresses: map[netip.Addr]bool{}, far: map[netip.Addr]bool{}}
	s.addResult(r)
	for _, text := range append([]string{r.Region.Responder, r.Path.Target}, pingTargets(r.Ping)...) {
		if a, ok := addressIn(text); ok {
			far = append(far, a)
		}
	}
	for _, a := range far {
		s.far[a.Unmap().WithZone("")] = true
	}
	for _, a := range own {
		s.addOwn(a)
	}
	s.addSystem()
	slices.SortFunc(s.words, func(a, b string) int { return len(b) - len(a) })
	return s
}

// addResult adds what the fields of a result tell.
func (s *scrubber) addResult(r *facts.Result) {
	for _, text := range []string{r.Machine.Interface.Address, r.Machine.Interface.Gateway, r.NAT.PublicAddress, r.NAT.LocalAddress} {
		s.addAddress(text)
	}
	for _, c := range r.Voice.MappingChanges {
		s.addAddress(c.From)
		s.addAddress(c.To)
	}
	for _, p := range r.Ping {
		if p.Role == facts.RoleGateway {
			s.addAddress(p.Target)
		}
	}
	for _, h := range r.Path.Hops {
		if h.Role != facts.HopFarEnd {
			s.addAddress(h.Address)
		}
	}
	s.addWord(r.Machine.Hostname)
	host, _, _ := strings.Cut(r.Machine.Hostname, ".")
	s.addWord(host)
	w := r.Machine.Interface.Wifi
	if w == nil {
		return
	}
	s.addWord(w.SSID)
	s.addHardwareText(w.BSSID)
	for _, roam := range w.Roams {
		s.addHardwareText(roam.From)
		s.addHardwareText(roam.To)
	}
}

// addOwn adds an address that somebody saw this machine with. One of the far end, such as
// that of a relay there, is this machine's only together with its port.
func (s *scrubber) addOwn(a netip.AddrPort) {
	if at := a.Addr().Unmap().WithZone(""); s.far[at] {
		s.addWord(netip.AddrPortFrom(at, a.Port()).String())
		return
	}
	s.addAddress(a.Addr().String())
}

func pingTargets(all []facts.Ping) (targets []string) {
	for _, p := range all {
		if p.Role != facts.RoleGateway {
			targets = append(targets, p.Target)
		}
	}
	return targets
}

// addSystem asks the system for what the result may not have.
func (s *scrubber) addSystem() {
	interfaces, _ := net.Interfaces() // what the system does not tell, no sentence repeats
	for _, i := range interfaces {
		s.addHardware(i.HardwareAddr)
		all, _ := i.Addrs()
		for _, a := range all {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				s.addAddress(p.Addr().String())
			}
		}
	}
	for _, resolver := range port.Resolvers() {
		s.addAddress(resolver.String())
	}
	host, _ := os.Hostname()
	s.addWord(host)
	if u, err := user.Current(); err == nil {
		s.addWord(u.Name)
		s.addWord(u.Username[strings.LastIndexByte(u.Username, '\\')+1:])
		s.addWord(filepath.Base(u.HomeDir))
	}
}

// addressIn is the address in IP or IP:PORT.
func addressIn(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone(""), true
	}
	ap, err := netip.ParseAddrPort(text)
	return ap.Addr().Unmap().WithZone(""), err == nil
}

func (s *scrubber) addAddress(text string) {
	if a, ok := addressIn(text); ok && !a.IsLoopback() && !a.IsUnspecified() {
		s.addresses[a] = true
	}
}

// ellipsis stands in sentences in place of what was left out.
const ellipsis = "…"

// shortestWord is that of a name that is looked for: shorter ones stand in other words.
const shortestWord = 3

// addWord adds a name, unless it is one that says nothing.
func (s *scrubber) addWord(word string) {
	common := []string{"localhost", "root", "admin", "administrator", "user", "home"}
	if len(word) >= shortestWord && !slices.Contains(common, strings.ToLower(word)) && !slices.Contains(s.words, word) {
		s.words = append(s.words, word)
	}
}

// addHardwareText adds a hardware address that was read as text.
func (s *scrubber) addHardwareText(text string) {
	if a, err := net.ParseMAC(text); err == nil {
		s.addHardware(a)
		return
	}
	s.addWord(text)
}

// addHardware adds a hardware address in all its forms: aa:bb:cc:dd:ee:ff with any sign
// between its bytes, none, or an escaped one, as names of interfaces, systems, switches and
// URLs have it.
func (s *scrubber) addHardware(a net.HardwareAddr) {
	if !slices.ContainsFunc(a, func(b byte) bool { return b != 0 }) {
		return
	}
	bytes := make([]string, len(a))
	for i, b := range a {
		bytes[i] = hex.EncodeToString([]byte{b})
	}
	s.hardware = append(s.hardware, regexp.MustCompile("(?i)"+strings.Join(bytes, "(?:[-:._ ]|%3A|%2D|%2E)?")))
}

// isOurs says whether an address is this machine's or its network's.
func (s *scrubber) isOurs(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return s.addresses[a] || !s.far[a] && (facts.ScopeOf(a) != facts.ScopePublic || a.IsLinkLocalUnicast())
}

// clean is a sentence without names and addresses.
func (s *scrubber) clean(text string) string {
	for _, form := range s.hardware {
		text = form.ReplaceAllString(text, ellipsis)
	}
	text = s.withoutAddresses(text)
	if !strings.ContainsAny(text, ` /\@`) { // a code or a name of the column
		return text
	}
	for _, word := range s.words {
		text = without(text, word)
	}
	return text
}

// without replaces a word where it stands by itself.
func without(text, word string) string {
	var b strings.Builder
	lower, word := strings.ToLower(text), strings.ToLower(word)
	if len(lower) != len(text) {
		lower = text // letters whose lower case has another length: as it is written
	}
	for {
		at := strings.Index(lower, word)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		end := at + len(word)
		replaced := ellipsis
		if isInWord(lower[:at], true) || isInWord(lower[end:], false) {
			replaced = text[at:end]
		}
		b.WriteString(text[:at] + replaced)
		text, lower = text[end:], lower[end:]
	}
}

// isInWord says whether a text ends, or begins, with a character of a word.
func isInWord(text string, atEnd bool) bool {
	all := []rune(text)
	if len(all) == 0 {
		return false
	}
	c := all[0]
	if atEnd {
		c = all[len(all)-1]
	}
	return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' || c == '-'
}

// asGiven are the fields that the user or the list of regions gives, that name the far end,
// or that have one of a few values.
var asGiven = []string{
	"Result.RunID", "Result.Organization", "Result.Location", "Result.Tool", "Result.Parts", "Region.ID", "Region.Name", "Region.Responder",
	"Machine.OS", "Machine.Arch", "Interface.Kind", "PortRow.Name", "PortRow.Note", "NotMeasured.What", "Path.Target",
}

// walk cleans every text of a value.
func (s *scrubber) walk(v reflect.Value, name string) {
	if slices.Contains(asGiven, name) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if text := v.String(); v.CanSet() {
			v.SetString(s.clean(text))
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			s.walk(v.Elem(), name)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			s.walk(v.Index(i), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				s.walk(v.Field(i), v.Type().Name()+"."+field.Name)
			}
		}
	default:
	}
}
