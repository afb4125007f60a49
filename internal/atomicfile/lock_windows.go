package atomicfile

import "os"

// lock has nothing to do: nobody can remove a file that a process has open.
func lock(*os.File) error { return nil }
