package regions

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

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
	for _, protocol := range facts.Protocols() {
		if !strings.Contains(string(page), "`"+protocol+"`") {
			t.Errorf("the protocol %s is not documented", protocol)
		}
	}
}
