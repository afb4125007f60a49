package regions

import (
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

var update = flag.Bool("update", false, "write the list of protocols in the docs anew")

// docs/regions.md explains every key, no others, and its example can be read.
func TestRegionsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/regions.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, typ := range map[string]reflect.Type{"## Keys of a check\n": reflect.TypeFor[Check](), "## Keys of a region\n": reflect.TypeFor[Region]()} {
		_, part, _ := strings.Cut(string(page), heading)
		part, _, _ = strings.Cut(part, "\n## ")
		var got, want []string
		for _, row := range regexp.MustCompile(`(?m)^\| (`+"`.*?`"+`) \|`).FindAllStringSubmatch(part, -1) {
			for key := range strings.SplitSeq(row[1], ", ") {
				got = append(got, strings.Trim(key, "`"))
			}
		}
		for _, f := range reflect.VisibleFields(typ) {
			if key := f.Tag.Get("yaml"); key != "-" {
				want = append(want, key)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q has %v, the code %v", strings.TrimSpace(heading), got, want)
		}
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	example = regexp.MustCompile(`(?m)^ *responders:.*\n`).ReplaceAllString(example, "") // the placeholder
	list, err := parse("docs/regions.md", []byte(example))
	if err != nil || len(list.Regions) != 2 || len(list.Regions[1].TURNURIs) != 2 {
		t.Errorf("the example: %+v, %v", list, err)
	}
}

// docs/regions.md lists the protocols as the table of them does, and docs/firewall.md
// says what each sends.
func TestProtocolsAreDocumented(t *testing.T) {
	const name, begin, end = "../../docs/regions.md", "| `protocol` | ", ". What each sends"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), begin)
	list, after, found := strings.Cut(rest, end)
	want := "`" + strings.Join(facts.Protocols(), "`, `") + "`"
	switch {
	case list == want:
	case *update && found:
		if err := os.WriteFile(name, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/regions.md lists %s, and not all protocols: go test ./probe/regions -run Protocols -update", list)
	}
	checks, err := os.ReadFile("../../docs/firewall.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range facts.Protocols() {
		if !regexp.MustCompile("(?m)^\\| [^|]*`" + protocol + "`").Match(checks) {
			t.Errorf("docs/firewall.md does not say what %s sends", protocol)
		}
	}
}
