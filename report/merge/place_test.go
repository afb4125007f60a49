package merge

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook"
)

// stored is a place with some runs of the corpus.
func stored(t *testing.T, name string, runs ...int) func(string) (Place, bool) {
	t.Helper()
	return func(argument string) (Place, bool) {
		items := func(_ context.Context, known func(string) bool) iter.Seq2[Item, error] {
			return func(yield func(Item, error) bool) {
				for _, i := range runs {
					run := corpusRun(i)
					item := Item{Name: name + " run " + run.RunID, RunID: run.RunID, Org: "ACME", Data: jsonOf(t, run)}
					if known != nil && known(item.Name) {
						continue
					}
					if !yield(item, nil) {
						return
					}
				}
			}
		}
		return Place{name, items}, strings.HasPrefix(argument, name)
	}
}

// A place is merged beside files, named without what its argument holds. What an item
// is not, or what is wrong with it, is left out. What the workbook has from there is
// not asked for again.
func TestPlacesAreSources(t *testing.T) {
	const name, secret = "https://r.example.com:8443", "/i#SECRET.PIN"
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	file := put(t, filepath.Join(dir, "0.json"), jsonOf(t, corpusRun(0)))
	all := func(runs ...int) Merge {
		return Merge{Sources: []string{file, name + secret}, Out: out, Append: true, Elsewhere: stored(t, name, runs...)}
	}
	got := do(t, all(1, 2), 3)
	if want := (Taking{name, 2, 0, false}); len(got.Places) != 1 || got.Places[0] != want {
		t.Errorf("%+v, want %+v", got.Places, want)
	}
	got = do(t, all(1, 2, 3), 4)
	if want := (Taking{name, 1, 2, false}); got.Added != 1 || got.Places[0] != want {
		t.Errorf("%d added, %+v, want %+v", got.Added, got.Places, want)
	}
	if got := sheet(t, out)[1]["Source"]; got != name+" run "+corpusRun(1).RunID {
		t.Errorf("the source is %q", got)
	}
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		if found, err := f.SearchSheet(sheet, "SECRET", true); err != nil || len(found) > 0 {
			t.Errorf("%s holds the secret: %v, %v", sheet, found, err)
		}
	}
	if found, _ := f.SearchSheet(workbook.SheetAbout, name, true); len(found) == 0 {
		t.Errorf("%s does not name the place", workbook.SheetAbout)
	}
}

func TestPlacesThatLie(t *testing.T) {
	const name = "https://r.example.com:8443"
	run, other := corpusRun(1), corpusRun(2)
	items := []Item{
		{Name: name + " run A", RunID: "A", Data: jsonOf(t, run)},
		{Name: name + " two", RunID: run.RunID, Data: slices.Concat(jsonOf(t, run), jsonOf(t, other))},
		{Name: name + " none", RunID: run.RunID, Data: []byte("{}")},
		{Name: name + " text", RunID: run.RunID, Data: []byte("no result")},
		{Name: name + " good", RunID: other.RunID, Data: jsonOf(t, other)},
	}
	place := Place{name, func(context.Context, func(string) bool) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) {
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			yield(Item{}, errors.New("it broke off"))
		}
	}}
	out := filepath.Join(t.TempDir(), "o.xlsx")
	got := do(t, Merge{Sources: []string{"x"}, Out: out, Elsewhere: func(string) (Place, bool) { return place, true }}, 1)
	if len(got.LeftOut) != 5 || !got.Places[0].Failed || sheet(t, out)[0]["Run ID"] != other.RunID || !strings.Contains(fmt.Sprint(got.LeftOut), "it broke off") {
		t.Errorf("left out %+v", got.LeftOut)
	}
}

// A place that cannot be read once replaced last week's workbook by an empty one.
func TestNothingCameNothingWritten(t *testing.T) {
	dir := t.TempDir()
	out := put(t, filepath.Join(dir, "team.xlsx"), []byte("last week's"))
	place := Place{"https://r.example.com:8443", func(context.Context, func(string) bool) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) { yield(Item{}, errors.New("it is not there")) }
	}}
	got, err := Merge{Sources: []string{"x"}, Out: out, Elsewhere: func(string) (Place, bool) { return place, true }}.Do(t.Context())
	if !errors.Is(err, ErrNoneCame) || len(got.LeftOut) != 1 || got.Kept != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if b, err := os.ReadFile(out); string(b) != "last week's" {
		t.Errorf("%q, %v", b, err)
	}
}

// The filter is for the runs of every source, and not for those of the workbook.
func TestFilterIsForEverySource(t *testing.T) {
	dir := t.TempDir()
	out, in := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "in")
	for i := range 6 {
		put(t, filepath.Join(in, fmt.Sprint(i, ".json")), jsonOf(t, corpusRun(i)))
	}
	first := corpusRun(3)
	from := first.StartedAt
	m := Merge{Sources: []string{in}, Out: out, Only: Filter{Since: from, Until: from.Add(time.Nanosecond)}}
	if got := do(t, m, 1); got.Outside != 5 || sheet(t, out)[0]["Run ID"] != first.RunID {
		t.Errorf("%d outside", got.Outside)
	}
	m.Append, m.Only = true, Filter{Org: first.Organization, Region: "nowhere"}
	if got := do(t, m, 1); got.Outside != 6 || got.Added != 0 {
		t.Errorf("%d outside, %d added", got.Outside, got.Added)
	}
	// An item lies under the organisation of its store, whatever the run says.
	m = Merge{Sources: []string{in, "s"}, Out: filepath.Join(dir, "o.xlsx"), Only: Filter{Org: "ACME"}, Elsewhere: stored(t, "s", 7)}
	if got := do(t, m, 1); got.Outside != 6 {
		t.Errorf("%d outside", got.Outside)
	}
	m = Merge{Sources: []string{"s"}, Out: filepath.Join(dir, "none.xlsx"), Elsewhere: stored(t, "s")}
	if _, err := m.Do(t.Context()); !errors.Is(err, errNoneThere) {
		t.Errorf("an empty place: %v", err)
	}
	m.Sources, m.Only.Org, m.Out = []string{in}, "nobody", filepath.Join(dir, "none.xlsx")
	if _, err := m.Do(t.Context()); !errors.Is(err, errNoneTaken) {
		t.Errorf("%v", err)
	}
}
