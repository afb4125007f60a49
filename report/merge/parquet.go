package merge

import (
	"context"
	"io"
	"path/filepath"

	"netready/report/parquet"
	"netready/report/workbook"
)

// parquetFiles are the files that the merge writes into its folder of tables.
func (m Merge) parquetFiles() []string {
	if m.Parquet == "" {
		return nil
	}
	return []string{filepath.Join(m.Parquet, parquet.RunsFile), filepath.Join(m.Parquet, parquet.PortsFile)}
}

// parquet writes the tables, one after the other: each whole or not at all.
func (c *collection) parquet(ctx context.Context) error {
	ports := c.oldPorts()
	for i, table := range []func(io.Writer) *parquet.Writer{parquet.NewRuns, parquet.NewPorts} {
		err := writeFile(c.merge.parquetFiles()[i], func(w io.Writer) error {
			out := table(w)
			for row, err := range until(ctx, c.rows) {
				if err != nil {
					return err
				}
				row.Cells = row.Finished(c.limits)
				if row.Ports == nil {
					row.Ports = ports[row.RunID()]
				}
				if err := out.Write(row); err != nil {
					return err
				}
			}
			return out.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// oldPorts are the ports of runs that only a workbook has: the newest of each machine.
func (c *collection) oldPorts() map[string][]workbook.PortCell {
	ports := map[string][]workbook.PortCell{}
	for _, m := range c.firewall {
		ports[m.RunID] = m.Cells()
	}
	return ports
}
