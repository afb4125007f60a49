package atomicfile

import (
	"fmt"
	"os"
)

// lock has nothing to do: on Windows nobody can remove an open file.
func lock(*os.File) error { return nil }

// named renames a file. Windows cannot rename an open file.
func named(f *os.File, rename func() error) error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", f.Name(), err)
	}
	return rename()
}
