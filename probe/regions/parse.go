package regions

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"netready/internal/yamlfile"
	"netready/probe/facts"
	"netready/probe/ice"
	"netready/probe/invite"
)

// Bounds of a list: far more than anybody needs, and few enough for one run.
const (
	maxChecks  = 1000
	maxRegions = 1000
)

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`)
	template    = regexp.MustCompile(`\{[^}]*\}?`)
)

// parse reads a list strictly.
func parse(name string, data []byte) (List, error) {
	r := List{File: name}
	file, err := yamlfile.Decode(name, data, &r)
	if err != nil {
		return List{}, err
	}
	if file.Root == nil {
		return List{}, file.Errorf(nil, "the file is empty; it needs a list of regions, as the regions.yaml in netready's source has")
	}
	check := reader{file, &r}
	if err := check.all(); err != nil {
		return List{}, err
	}
	return r, nil
}

// reader checks what the YAML means, and knows the line of each value.
type reader struct {
	file yamlfile.File
	list *List
}

func (p reader) errorf(path []any, format string, args ...any) error {
	return p.file.Errorf(p.file.At(path...), format, args...)
}

func (p reader) all() error {
	r := p.list
	switch {
	case len(r.Regions) == 0:
		return p.errorf([]any{"regions"}, "there are no regions; add at least one under regions:")
	case len(r.Regions) > maxRegions:
		return p.errorf([]any{"regions"}, "there are %d regions; %d is the most", len(r.Regions), maxRegions)
	}
	if err := p.checks([]any{"checks"}, r.Checks); err != nil {
		return err
	}
	seen := map[string]int{}
	for i := range r.Regions {
		region, at := &r.Regions[i], []any{"regions", i}
		if err := p.region(at, region); err != nil {
			return err
		}
		id := strings.ToLower(region.ID)
		if first, ok := seen[id]; ok {
			return p.errorf(append(at, "id"), "the region %q is there twice, first in line %d; give one another id", region.ID, p.file.At("regions", first).Line)
		}
		seen[id] = i
	}
	return nil
}

func (p reader) region(at []any, r *Region) error {
	if strings.TrimSpace(r.ID) == "" {
		return p.errorf(at, "a region has no id; give it one, like id: us-east-1")
	}
	if err := CheckID(r.ID); err != nil {
		return p.errorf(append(at, "id"), "%v", err)
	}
	if strings.TrimSpace(r.Name) == "" {
		return p.errorf(at, "the region %s has no name; give it one, like name: US East (N. Virginia)", r.ID)
	}
	for key, value := range map[string]string{"domain": r.Domain, "suffix": r.Suffix} {
		if value != "" && !namePattern.MatchString(value) {
			return p.errorf(append(at, key), "the %s %q is not a domain name", key, clip(value))
		}
	}
	if err := p.turn(append(at, "turn"), r); err != nil {
		return err
	}
	if err := p.endpoint(append(at, "stun"), *r, r.STUN); err != nil {
		return err
	}
	if err := p.endpoint(append(at, "echo"), *r, r.Echo); err != nil {
		return err
	}
	if err := p.endpoint(append(at, "tcp"), *r, r.TCP); err != nil {
		return err
	}
	if err := p.responders(append(at, "responders"), r); err != nil {
		return err
	}
	if err := p.checks(append(at, "checks"), r.Checks); err != nil {
		return err
	}
	return p.column(at, *r)
}

// turn parses the URIs of the region's TURN server, templates filled in.
func (p reader) turn(at []any, r *Region) error {
	for i, given := range r.TURN {
		u, err := ice.ParseURI(r.fill(given))
		if err != nil {
			return p.errorf(append(at, i), "entry %d of turn of region %s: %v", i+1, r.ID, err)
		}
		r.TURNURIs = append(r.TURNURIs, u)
	}
	return nil
}

// responders parses the region's invites. No error repeats one: it may hold a
// secret.
func (p reader) responders(at []any, r *Region) error {
	for i, given := range r.Invites {
		one, err := invite.Parse(given)
		if err != nil {
			return p.errorf(append(at, i), "entry %d of responders of region %s: %v", i+1, r.ID, err)
		}
		r.Responders = append(r.Responders, one)
	}
	return p.weights(append(slices.Clone(at[:len(at)-1]), "weights"), *r)
}

// mostWeight is the largest weight of one responder.
const mostWeight = 1000

// weights checks that each responder has a weight, and that not all are 0.
func (p reader) weights(at []any, r Region) error {
	if len(r.Weights) == 0 {
		return nil
	}
	if len(r.Weights) != len(r.Invites) {
		return p.errorf(at, "region %s has %d responders and %d weights; write one weight for each", r.ID, len(r.Invites), len(r.Weights))
	}
	for i, w := range r.Weights {
		if w < 0 || w > mostWeight {
			return p.errorf(append(at, i), "the weight %d of region %s: give 0 (asked last) to %d", w, r.ID, mostWeight)
		}
	}
	if slices.Max(r.Weights) == 0 {
		return p.errorf(at, "all weights of region %s are 0; give one that is more, or leave weights out to have them tried in order", r.ID)
	}
	return nil
}

// endpoint checks a host:port with templates; an empty one is allowed.
func (p reader) endpoint(at []any, r Region, value string) error {
	if value == "" {
		return nil
	}
	if err := p.templates(at, r, value); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(r.fill(value))
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil || n < 1 || n > 65535 || !isHost(host) {
		return p.errorf(at, "%q is not host:port, like stun.example.com:3478 or [2001:db8::1]:3478", clip(value))
	}
	return nil
}

// templates says which word in braces cannot be filled in for a region.
func (p reader) templates(at []any, r Region, value string) error {
	for _, t := range template.FindAllString(value, -1) {
		words, ok := map[string]string{"{domain}": r.Domain, "{region}": r.ID, "{suffix}": r.Suffix}[t]
		switch {
		case !ok:
			return p.errorf(at, "%q is not filled in; there are {domain}, {region} and {suffix}", clip(t))
		case words == "":
			key := strings.Trim(t, "{}")
			return p.errorf(at, "%q needs the region's %s, which the region %s does not have; add %[2]s: to it", clip(value), key, r.ID)
		}
	}
	return nil
}

// column checks what depends on checks and region together.
func (p reader) column(at []any, r Region) error {
	for i, name := range r.Skip {
		has := func(c Check) bool { return c.Name == name }
		if !slices.ContainsFunc(p.list.Checks, has) && !slices.ContainsFunc(r.Checks, has) {
			return p.errorf(append(at, "skip", i), "skip names %q, and there is no such check%s", clip(name), meant(name, p.list.Checks))
		}
	}
	for _, c := range p.list.checksOf(r) {
		if c.Host == hostSTUN {
			continue
		}
		if err := p.templates(at, r, c.Host); err != nil {
			return fmt.Errorf("%w, skip the check %q there or set only_own_checks", err, c.Name)
		}
		if filled := r.fill(c.Host); !isHost(filled) && filled != "" {
			return p.errorf(at, "in region %s the check %q asks the host %q, which is neither a name nor an address", r.ID, c.Name, clip(filled))
		}
	}
	return nil
}

func meant(name string, checks []Check) string {
	names := make([]string, 0, len(checks))
	for _, c := range checks {
		names = append(names, c.Name)
	}
	if near := yamlfile.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; write its name as under checks"
}

func (p reader) checks(at []any, checks []Check) error {
	if len(checks) > maxChecks {
		return p.errorf(at, "there are %d checks; %d is the most", len(checks), maxChecks)
	}
	seen := map[string]bool{}
	for i, c := range checks {
		here := slices.Concat(at, []any{i})
		if err := p.check(here, c); err != nil {
			return err
		}
		if seen[c.Name] {
			return p.errorf(append(here, "name"), "the check %q is there twice in one list; give one another name", clip(c.Name))
		}
		seen[c.Name] = true
	}
	return nil
}

func (p reader) check(at []any, c Check) error {
	switch {
	case strings.TrimSpace(c.Name) == "":
		return p.errorf(at, "a check has no name; give it one, like name: Service HTTPS")
	case strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return p.errorf(append(at, "name"), "the name of a check is one line without tabs")
	case !slices.Contains(facts.Protocols(), c.Protocol):
		return p.errorf(append(at, "protocol"), "the check %q has the protocol %q; there are %s", clip(c.Name), clip(c.Protocol), strings.Join(facts.Protocols(), ", "))
	case c.Feature != "" && !slices.Contains(features(), c.Feature):
		return p.errorf(append(at, "feature"), "the check %q belongs to the feature %q; there are %s", clip(c.Name), clip(c.Feature), strings.Join(features(), " and "))
	}
	if err := p.host(append(at, "host"), c); err != nil {
		return err
	}
	return p.port(at, c)
}

func (p reader) host(at []any, c Check) error {
	name := clip(c.Name)
	switch {
	case c.toResponder():
		return nil
	case c.NeedsResponder():
		return p.errorf(at, "the check %q speaks %s, which only a responder answers; write host: responder or leave it out", name, c.Protocol)
	case c.Host == facts.HostResolver && facts.Spoken(c.Protocol) != "dns":
		return p.errorf(at, "the check %q asks the resolver and does not speak dns or dns-tcp", name)
	case c.Host == hostSTUN && facts.Spoken(c.Protocol) != "stun":
		return p.errorf(at, "the check %q asks the region's STUN server and does not speak stun", name)
	case c.Host == facts.HostResolver || c.Host == hostSTUN:
		return nil
	}
	for _, t := range template.FindAllString(c.Host, -1) {
		if !slices.Contains([]string{"{domain}", "{region}", "{suffix}"}, t) {
			return p.errorf(at, "the check %q has %q in its host; there are {domain}, {region} and {suffix}, and \"{stun}\" alone", name, clip(t))
		}
	}
	if !isHost(template.ReplaceAllString(c.Host, "x")) {
		return p.errorf(at, "the host %q of the check %q is neither a name nor an address; write it without scheme, port and path", clip(c.Host), name)
	}
	return nil
}

func (p reader) port(at []any, c Check) error {
	name := clip(c.Name)
	switch {
	case c.Protocol == "udp-range" && c.Port != 0:
		return p.errorf(append(at, "port"), "the check %q is about a range; write ports: 16384-65535 instead of port", name)
	case c.Protocol == "udp-range" && c.Ports == "":
		return p.errorf(at, "the check %q needs ports, like ports: 16384-65535", name)
	case c.Protocol == "udp-range" && !isRange(c.Ports):
		return p.errorf(append(at, "ports"), "the ports %q of the check %q are not a range; write them as 16384-65535", clip(c.Ports), name)
	case c.Protocol == "udp-range":
		return nil
	case c.Ports != "":
		return p.errorf(append(at, "ports"), "the check %q has ports, which only udp-range knows; write port with one number", name)
	case c.Port < 0 || c.Port > 65535:
		return p.errorf(append(at, "port"), "the port %d of the check %q is not one from 1 to 65535", c.Port, name)
	case c.Port == 0 && !c.toResponder() && c.Host != facts.HostResolver && c.Host != hostSTUN:
		return p.errorf(at, "the check %q needs a port from 1 to 65535; only the responder's may be left out", name)
	}
	return nil
}

// isRange reports whether s is 16384-65535 or a single port.
func isRange(s string) bool {
	from, to, found := strings.Cut(s, "-")
	if !found {
		to = from
	}
	low, err := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
	high, err2 := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
	return err == nil && err2 == nil && low >= 1 && low <= high
}

func isHost(s string) bool {
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return ip.IsValid()
	}
	// All digits and dots is an address with a slip in it.
	return len(s) <= 253 && namePattern.MatchString(s) && strings.ContainsFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
}
