//go:build !unix

package merge

import "os"

func openFile(name string) (*os.File, error) { return os.Open(name) }
