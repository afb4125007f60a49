package probe

import (
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
	"netready/probe/regions"
)

// leaveOut takes this machine's name and addresses, its network's, and its user's name out
// of the result: out of their fields, and out of every sentence that repeats them. It is the
// last thing before the signature, so that files and what is sent are the same.
func (r *run) leaveOut() {
	if !r.plan.Anonymous {
		return
	}
	var far []netip.Addr
	if r.session != nil {
		far = append(far, r.session.Control().Remote().Addr())
		if media, err := r.session.Control().Media(); err == nil {
			a, _ := addressIn(media)
			far = append(far, a)
		}
	}
	s := newScrubber(&r.result, far)
	for _, gap := range clearFields(&r.result, s) {
		r.missingFor(facts.CodeAnonymous, gap, "left out, as was asked for (--anonymous)")
	}
	s.walk(reflect.ValueOf(&r.result).Elem(), "")
}

// clearFields empties the fields that tell who this is, and returns their names.
func clearFields(r *facts.Result, s *scrubber) (gaps []string) {
	clearText := func(text *string, name string) {
		if *text != "" && !slices.Contains(gaps, name) {
			gaps = append(gaps, name)
		}
		*text = ""
	}
	m, n := &r.Machine, &r.NAT
	clearText(&m.Hostname, "machine.hostname")
	clearText(&m.Interface.Address, "machine.interface.address")
	clearText(&m.Interface.Gateway, "machine.interface.gateway")
	if w := m.Interface.Wifi; w != nil {
		clearText(&w.SSID, "machine.interface.wifi.ssid")
		clearText(&w.BSSID, "machine.interface.wifi.bssid")
		for i := range w.Roams {
			clearText(&w.Roams[i].From, "machine.interface.wifi.roams[].from")
			clearText(&w.Roams[i].To, "machine.interface.wifi.roams[].to")
		}
	}
	clearText(&n.PublicAddress, "nat.public_address")
	clearText(&n.LocalAddress, "nat.local_address")
	for i := range r.Voice.MappingChanges {
		clearText(&r.Voice.MappingChanges[i].From, "voice.mapping_changes[].from")
		clearText(&r.Voice.MappingChanges[i].To, "voice.mapping_changes[].to")
	}
	for i := range r.Ping {
		if r.Ping[i].Role == facts.RoleGateway {
			clearText(&r.Ping[i].Target, "ping[].target")
		}
	}
	clearHops(r.Path.Hops, func(address *string) { clearText(address, "path.hops[].address") })
	clearNetwork(r, s)
	return gaps
}

// clearHops empties the addresses of the routers, which belong to the network and its
// provider, and keeps what verdicts need of them: whether they are private ones.
func clearHops(hops []facts.Hop, clearText func(*string)) {
	for i := range hops {
		hop := &hops[i]
		a, err := netip.ParseAddr(hop.Address)
		if hop.Role == facts.HopFarEnd || err != nil {
			continue
		}
		hop.Scope = facts.ScopePublic
		if a.IsPrivate() {
			hop.Scope = facts.ScopePrivate
		}
		clearText(&hop.Address)
	}
}

// clearNetwork takes out the names of the network's own servers. That there is a proxy and
// a resolver stays.
func clearNetwork(r *facts.Result, s *scrubber) {
	proxied := func(way *string) {
		if *way != "" {
			*way = facts.LeftOut
		}
	}
	proxied(&r.Environment.Proxy)
	for i := range r.Firewall {
		row := &r.Firewall[i]
		proxied(&row.Proxy)
		if a, err := netip.ParseAddr(row.Host); err == nil && s.isOurs(a) {
			row.Host = regions.HostResolver // of the rows' own addresses, only its is the network's
		}
	}
	for _, answer := range r.Environment.DNS {
		for i, text := range answer.Addresses {
			if a, err := netip.ParseAddr(text); err == nil && s.isOurs(a) {
				answer.Addresses[i] = facts.LeftOut
			}
		}
	}
	if at := strings.LastIndexAny(r.Region.RegionsFile, `/\`); at >= 0 {
		r.Region.RegionsFile = r.Region.RegionsFile[at+1:] // the folders above may be named after the user
	}
}

// A scrubber takes names and addresses out of sentences.
type scrubber struct {
	addresses map[netip.Addr]bool // of this machine and its network
	far       map[netip.Addr]bool // of the far end, which the result names
	words     []string            // names, the longest first
}

// newScrubber knows what the result and the system tell of this machine, and which
// addresses are the far end's.
func newScrubber(r *facts.Result, far []netip.Addr) *scrubber {
	s := &scrubber{addresses: map[netip.Addr]bool{}, far: map[netip.Addr]bool{}}
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
	for _, text := range append([]string{r.Region.Responder, r.Path.Target}, pingTargets(r.Ping)...) {
		if a, ok := addressIn(text); ok {
			far = append(far, a)
		}
	}
	for _, a := range far {
		s.far[a.Unmap().WithZone("")] = true
	}
	s.addSystem()
	s.addWord(r.Machine.Hostname)
	host, _, _ := strings.Cut(r.Machine.Hostname, ".")
	s.addWord(host)
	if w := r.Machine.Interface.Wifi; w != nil {
		s.addWord(w.SSID)
		s.addWord(w.BSSID)
	}
	slices.SortFunc(s.words, func(a, b string) int { return len(b) - len(a) })
	return s
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
		s.addWord(i.HardwareAddr.String())
		all, _ := i.Addrs()
		for _, a := range all {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				s.addAddress(p.Addr().String())
			}
		}
	}
	if resolver, err := port.Resolver(); err == nil {
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

// shortestWord is that of a name that is looked for: shorter ones stand in other words.
const shortestWord = 3

// addWord adds a name, unless it is one that says nothing.
func (s *scrubber) addWord(word string) {
	common := []string{"localhost", "root", "admin", "administrator", "user", "home"}
	if len(word) >= shortestWord && !slices.Contains(common, strings.ToLower(word)) && !slices.Contains(s.words, word) {
		s.words = append(s.words, word)
	}
}

// carrierNAT is the shared address space of providers (RFC 6598).
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// isOurs says whether an address is this machine's or its network's.
func (s *scrubber) isOurs(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return s.addresses[a] || !s.far[a] && (a.IsPrivate() || a.IsLinkLocalUnicast() || carrierNAT.Contains(a))
}

var addressForm = regexp.MustCompile(`[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*[0-9A-Fa-f]`)

// clean is a sentence without names and addresses.
func (s *scrubber) clean(text string) string {
	text = addressForm.ReplaceAllStringFunc(text, func(found string) string {
		if a, ok := addressIn(found); ok && s.isOurs(a) {
			return "…"
		}
		return found
	})
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
		replaced := "…"
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
	"Machine.OS", "Machine.Arch", "Interface.Name", "Interface.Kind", "PortRow.Name", "PortRow.Note", "NotMeasured.What", "Path.Target",
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
