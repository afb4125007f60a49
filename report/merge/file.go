package merge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"netready/internal/atomicfile"
)

// writeFile writes a file whole or not at all. A crash at any moment leaves
// the old one. Of a file that could not be written no new folder stays.
func writeFile(name string, write func(io.Writer) error) error {
	dir := filepath.Dir(name)
	made := missing(dir)
	err := atomicfile.MakeFolder(dir)
	if err != nil {
		err = fmt.Errorf("making the folder of %s: %w", name, err)
	} else if err = atomicfile.Replace(name, write); errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: close the program that has %s open, or choose a folder that you may write to", err, name)
	}
	if err != nil {
		for _, folder := range made {
			_ = os.Remove(folder) // only an empty one goes
		}
	}
	return err
}

// missing are the folders that have to be made for dir, the deepest first.
func missing(dir string) (folders []string) {
	for last := ""; dir != last; last, dir = dir, filepath.Dir(dir) { // a drive that is not there is its own parent
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		folders = append(folders, dir)
	}
	return folders
}

// maxKept bounds the old copies of one workbook.
const maxKept = 99

// keepOld copies a workbook that is about to be replaced, because people may have
// typed into it, and returns the name of the copy. No older copy has that name.
func keepOld(name string) (string, error) {
	for n := 1; n <= maxKept; n++ {
		aside := name + ".bak"
		if n > 1 {
			aside = fmt.Sprintf("%s.%d.bak", name, n)
		}
		kept, err := copyAside(name, aside)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return kept, err
	}
	return "", fmt.Errorf("%d old workbooks are in the folder of %s: delete those ending in .bak that nobody needs, or choose another name", maxKept, name)
}

// copyAside copies a workbook to a name that nothing has yet, and returns that
// name; "" where there is no workbook.
func copyAside(name, aside string) (string, error) {
	old, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("keeping the old workbook: %w", err)
	}
	defer old.Close()
	info, err := old.Stat()
	if err != nil {
		return "", fmt.Errorf("keeping the old workbook: %w", err)
	}
	if _, err := os.Lstat(aside); err == nil {
		return "", fs.ErrExist // before anything is copied
	}
	err = atomicfile.Create(aside, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(old, 0, info.Size()))
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if err == nil {
		err = os.Chmod(aside, info.Mode().Perm()) // the same people may read it
	}
	if err != nil {
		return "", fmt.Errorf("keeping the old workbook: %w", err)
	}
	return aside, nil
}

// keptBefore is how many workbooks are kept as they were before an --append.
const keptBefore = 9

// keepBefore copies a workbook that is about to be added to, under the next
// number.
func keepBefore(name string) (string, error) {
	next := 1
	for _, n := range numbersBefore(name) {
		next = max(next, n+1)
	}
	return copyAside(name, beforeName(name, next))
}

func beforeName(name string, n int) string { return fmt.Sprintf("%s.append-%d.bak", name, n) }

// numbersBefore are the numbers of the existing copies.
func numbersBefore(name string) []int {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return nil // writing will fail too, and say why
	}
	var numbers []int
	for _, entry := range entries {
		rest, ok := strings.CutPrefix(entry.Name(), filepath.Base(name)+".append-")
		number, ends := strings.CutSuffix(rest, ".bak")
		if n, err := strconv.Atoi(number); ok && ends && err == nil && n > 0 && entry.Name() == filepath.Base(beforeName(name, n)) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// removeOldest removes all but the newest keptBefore copies.
func removeOldest(name string) {
	numbers := numbersBefore(name)
	slices.Sort(numbers)
	for _, n := range numbers[:max(0, len(numbers)-keptBefore)] {
		_ = os.Remove(beforeName(name, n)) // a copy too many does no harm
	}
}

// inUse finds out whether somebody has the workbook open: Excel and LibreOffice
// make a lock file beside it, and Windows refuses to open it for writing.
func inUse(name string) error {
	if _, err := os.Stat(name); err != nil {
		return nil //nolint:nilerr // nothing there, so nobody has it open
	}
	folder, base := filepath.Split(name)
	for _, mark := range []string{"~$" + base, ".~lock." + base + "#"} {
		if _, err := os.Stat(filepath.Join(folder, mark)); err == nil {
			return fmt.Errorf("%s is open in a spreadsheet program (it has left %s): save and close it, then run this again; if nobody has it open, delete that file", name, mark)
		}
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("%s cannot be written (%w): close the program that has it open, or ask for the permission to write", name, err)
	}
	return file.Close()
}
