package workbook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// withoutPortsBegin is how the sentence below the sheet Firewall begins.
const withoutPortsBegin = "Without their ports"

// mostWithoutPorts is how many machines without ports are named; the rest are
// counted.
const mostWithoutPorts = 20

// noteWithout notes a run that tested ports but came without a firewall column: a
// line pasted from a TXT holds only how many failed.
func (t *portTally) noteWithout(key portKey, id string, started time.Time) {
	if at, ok := t.rowAt[key]; ok && (t.rows[at].runID == id || !started.After(t.rows[at].started)) {
		return
	}
	if known, ok := t.without[key]; ok && !started.After(known) {
		return
	}
	if t.without == nil {
		t.without = map[portKey]time.Time{}
	}
	t.without[key] = started
}

// withoutPorts are the machines whose newest run has no firewall column here.
func (t *portTally) withoutPorts() []portKey {
	var keys []portKey
	for key, started := range t.without {
		if at, ok := t.rowAt[key]; !ok || started.After(t.rows[at].started) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b portKey) int {
		return cmp.Or(t.compare(a, b), cmp.Compare(t.regions.values[a.region], t.regions.values[b.region]))
	})
	return keys
}

// withoutPortsText says which machines the sheet Firewall does not show as they
// are; "" where it shows all.
func (t *portTally) withoutPortsText() string {
	keys := t.withoutPorts()
	if len(keys) == 0 {
		return ""
	}
	var names []string
	for _, key := range keys[:min(len(keys), mostWithoutPorts)] {
		names = append(names, fmt.Sprintf("%s (%s)", cmp.Or(t.machines.values[key.machine].machine, "no name"), cmp.Or(t.regions.values[key.region], "no region")))
	}
	if more := len(keys) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return withoutPortsBegin + ", or with those of an older run, because of the newest there is only its line in " + SheetRuns +
		" (a line pasted from a TXT does not hold them): " + strings.Join(names, ", ") +
		". How many failed is in " + SheetRuns + "; netready merge --append with their TXT or JSON fills this in."
}
