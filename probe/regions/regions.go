// Package regions reads the list of regions and firewall checks: strictly, with
// the file and the line in each error, and with the templates filled in.
package regions

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"netready"
	"netready/internal/yamlfile"
	"netready/probe/ice"
	"netready/probe/invite"
)

// A List is a parsed regions file.
type List struct {
	Checks  []Check  `yaml:"checks"`
	Regions []Region `yaml:"regions"`
	File    string   `yaml:"-"` // where it was read from, "" for the embedded list
}

// A Region is one place where calls can go to.
type Region struct {
	ID            string   `yaml:"id"`
	Name          string   `yaml:"name"`
	Continent     string   `yaml:"continent"`
	Country       string   `yaml:"country"` // people look for it in the list
	Domain        string   `yaml:"domain"`
	Suffix        string   `yaml:"suffix"`          // of AWS host names: amazonaws.com
	STUN          string   `yaml:"stun"`            // host:port of the region's public STUN server
	Echo          string   `yaml:"echo"`            // host:port of the region's UDP beacon
	TCP           string   `yaml:"tcp"`             // host:port in the region, to measure the round trip of connections
	Invites       []string `yaml:"responders"`      // as they were written: invites or host:port
	Weights       []int    `yaml:"weights"`         // of Invites, for a random order; none: in their order
	TURN          []string `yaml:"turn"`            // URIs of the region's TURN server; credentials come from elsewhere
	Checks        []Check  `yaml:"checks"`          // more checks, or others of the same name
	Skip          []string `yaml:"skip"`            // names of checks that make no sense here
	OnlyOwnChecks bool     `yaml:"only_own_checks"` // only Checks, none of the list's checks

	Responders []invite.Invite `yaml:"-"` // Invites, parsed
	TURNURIs   []ice.URI       `yaml:"-"` // TURN, parsed
}

// A Check is one row of the firewall column.
type Check struct {
	Name     string `yaml:"name"`
	Protocol string `yaml:"protocol"`
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"`
	Ports    string `yaml:"ports"`
	Required bool   `yaml:"required"`
	Feature  string `yaml:"feature"` // only with --features naming it, and then required
	Note     string `yaml:"note"`

	// The credentials of a TURN server, which no list holds; without them a refusal for
	// want of some is proof enough that the port is open.
	Username ice.Secret `yaml:"-"`
	Password ice.Secret `yaml:"-"`
}

// Local is the ID of the region whose responder is this very program.
const Local = "local"

// hostSTUN is a special host of a Check: the region's STUN, with its port. The others are
// facts.HostResponder, which no host at all means too, and facts.HostResolver.
const hostSTUN = "{stun}"

// features that firewall checks can belong to.
func features() []string { return []string{"sip-phones", "byoc"} }

// fileName is the name of a list in the folder of the executable.
const fileName = "regions.yaml"

// Default is the list in regions.yaml beside the executable, and the netready.RegionsYAML
// one where there is no such file.
func Default() (List, error) { return defaultIn(yamlfile.Folder()) }

func defaultIn(folder string) (List, error) {
	if folder == "" {
		return Embedded()
	}
	path := filepath.Join(folder, fileName)
	data, err := yamlfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || bytes.Equal(data, netready.RegionsYAML):
		return Embedded()
	case err != nil:
		return List{}, fmt.Errorf("%w; correct it, or remove it from the folder of the program", err)
	}
	return parse(path, data)
}

// Embedded is the list that was built in.
func Embedded() (List, error) {
	r, err := parse("the built-in "+fileName, netready.RegionsYAML)
	r.File = ""
	return r, err
}

// Parse reads a list strictly; its errors contain name.
func Parse(name string, data []byte) (List, error) { return parse(name, data) }

// Load reads a list from a file.
func Load(path string) (List, error) {
	data, err := yamlfile.Read(path)
	if err != nil {
		return List{}, err
	}
	return parse(path, data)
}

// Find is the region with this id; capitals do not matter. Its STUN, Echo and
// TCP have their templates filled in.
func (r List) Find(id string) (Region, error) {
	for _, region := range r.Regions {
		if strings.EqualFold(region.ID, strings.TrimSpace(id)) {
			return region.filled(), nil
		}
	}
	return Region{}, r.unknown(id)
}

// CheckID says whether a region can have this id, and if not why.
func CheckID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("the id %q holds more than letters, digits, - . and _, or more than 64 of them", clip(id))
	}
	return nil
}

// unknown says that there is no such region, and which may have been meant.
func (r List) unknown(id string) error {
	const see = `see "netready regions" for those that can be chosen`
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		return errors.New("no region was named; " + see)
	case strings.Contains(id, "://") || strings.Contains(id, "#"):
		return errors.New("this region looks like an invite; give it with --responder")
	}
	var meant []string
	for _, region := range r.near(id) {
		meant = append(meant, fmt.Sprintf("%s (%s)", region.ID, region.Name))
	}
	if len(meant) == 0 {
		return fmt.Errorf("there is no region %q; %s", clip(id), see)
	}
	return fmt.Errorf("there is no region %q; did you mean %s? %s", clip(id), strings.Join(meant, " or "), see)
}

// near are the few regions that may have been meant: those in a place of that name, or
// those whose names differ least.
func (r List) near(id string) []Region {
	const most = 3
	var found []Region
	least := math.MaxInt
	for _, region := range r.Regions {
		letters, near := region.near(id)
		if !near || letters > least {
			continue
		}
		if letters < least {
			found, least = nil, letters
		}
		found = append(found, region)
	}
	return found[:min(len(found), most)]
}

// near counts the letters by which one of a region's names differs from id, 0 if id is a
// part of one.
func (r Region) near(id string) (letters int, near bool) {
	id = strings.ToLower(id)
	place := strings.ToLower(r.Name + " " + r.Country + " " + r.Domain)
	if len(id) > 3 && strings.Contains(place, id) {
		return 0, true
	}
	words := append(strings.FieldsFunc(place, func(c rune) bool { return c == ' ' || c == '(' || c == ')' || c == ',' }), r.ID)
	for _, word := range words {
		if n, ok := yamlfile.Near(id, word); ok && (!near || n < letters) {
			letters, near = n, true
		}
	}
	return letters, near
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (r Region) filled() Region {
	r.STUN, r.Echo, r.TCP = r.fill(r.STUN), r.fill(r.Echo), r.fill(r.TCP)
	return r
}

// fill replaces the words in braces of a template by the region's.
func (r Region) fill(s string) string {
	return strings.NewReplacer("{domain}", r.Domain, "{region}", r.ID, "{suffix}", r.Suffix).Replace(s)
}
