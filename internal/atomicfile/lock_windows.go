package atomicfile

import (
	"fmt"
	"os"
)

// lock has nothing to do: nobody can remove a file that a process has open.
func lock(*os.File) error { return nil }

// named gives a file its name. Windows renames no file that is open.
func named(f *os.File, rename func() error) error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", f.Name(), err)
	}
	return rename()
}
