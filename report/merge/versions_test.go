package merge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/corpus has a folder of results for each released version, and for
// each form in between that people may have files of. Files there are never
// changed and never removed: every one of them has to be read for ever.
func TestResultsOfEveryVersionAreRead(t *testing.T) {
	const corpus = "testdata/corpus"
	folders, err := os.ReadDir(corpus)
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	for _, folder := range folders {
		for _, ending := range []string{".json", ".txt"} {
			t.Run(folder.Name()+ending, func(t *testing.T) {
				files, _ := filepath.Glob(filepath.Join(corpus, folder.Name(), "*"+ending))
				if len(files) == 0 {
					t.Fatal("the version has no result of this form")
				}
				for _, file := range files {
					one := filepath.Join(t.TempDir(), "o.xlsx")
					result, err := Merge{Sources: []string{file}, Out: one}.Do(t.Context())
					if err != nil || len(result.LeftOut) != 0 || result.Runs != 1 {
						t.Errorf("%s: %d runs, left out %v, %v", file, result.Runs, result.LeftOut, err)
						continue
					}
					row := sheet(t, one)[0]
					for _, column := range []string{"Run ID", "Started", "Machine", "Region", "Ready", "Signature"} {
						if strings.TrimSpace(row[column]) == "" {
							t.Errorf("%s: no %s", file, column)
						}
					}
				}
			})
		}
	}
}
