package merge_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/report/merge"
	"netready/thresholds"
)

// Two results become one workbook and one CSV; a file that is no result is left out.
func ExampleMerge_Do() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	for i, host := range []string{"reception", "office-2"} {
		result := facts.Result{
			Schema: facts.SchemaVersion, RunID: fmt.Sprintf("01M8ADNNQ1QNJ6FY7TKTWBNSE%d", i), Complete: true,
			StartedAt: time.Date(2026, 11, 23, 9, i, 0, 0, time.UTC), Machine: facts.Machine{Hostname: host},
		}
		file, err := os.Create(filepath.Join(folder, host+".json"))
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = report.WriteJSON(file, report.New(result, thresholds.Default()))
		_ = file.Close()
	}
	_ = os.WriteFile(filepath.Join(folder, "letter.json"), []byte(`{"dear": "Sir"}`), 0o600)

	done, err := merge.Merge{
		Sources: []string{folder}, Out: filepath.Join(folder, "all.xlsx"), CSV: filepath.Join(folder, "all.csv"), Now: time.Now(),
	}.Do(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("runs:", done.Runs)
	for _, left := range done.LeftOut {
		fmt.Printf("left out: %s: %s\n", filepath.Base(left.Source), left.Reason)
	}
	// Output:
	// runs: 2
	// left out: letter.json: not a result of netready: it has neither schema nor run_id
}
