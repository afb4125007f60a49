package page

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// Launch is a file for a browser to open, which redirects to the page. Every user of this
// computer can read the command line of a browser, so an address that works must not be
// there. Only this user can read the file; the address in it works once, and then the file
// is removed.
type Launch struct {
	path   string
	remove sync.Once
}

// Launch writes such a file. Close removes it, used or not.
func (s *Server) Launch() (*Launch, error) {
	dir, err := s.privateFolder()
	if err != nil {
		return nil, err
	}
	l := &Launch{path: filepath.Join(dir, "netready.html")}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the file that opens the page: %w", err), os.RemoveAll(dir))
	}
	_, err = file.WriteString(launchPage(s.guard.ticket(l.Close)))
	err = errors.Join(err, file.Close())
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("writing the file that opens the page: %w", err)
	}
	return l, nil
}

// privateFolder makes a folder that only this user can enter. It tries the folder of
// results first: browsers in a sandbox (Ubuntu's Firefox) see neither hidden folders of
// the home nor the folder for temporary files.
func (s *Server) privateFolder() (string, error) {
	cache, _ := os.UserCacheDir() // "" is skipped
	var failed error
	for _, parent := range []string{s.cfg.Dir, cache, os.TempDir()} {
		if parent == "" {
			continue
		}
		dir, err := os.MkdirTemp(parent, "open-page-") // mode 0700
		if err == nil && !isPrivate(dir) {
			err = errors.Join(fmt.Errorf("the file system of %s does not keep file permissions", parent), os.Remove(dir))
		}
		if err == nil {
			return dir, nil
		}
		failed = errors.Join(failed, err)
	}
	return "", fmt.Errorf("making a folder that only you can read: %w", failed)
}

// isPrivate says whether the file system keeps the mode: that of a USB stick does not.
// Windows has access lists, which are inherited from the user's folder.
func isPrivate(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && (runtime.GOOS == "windows" || info.Mode().Perm() == 0o700)
}

// URL is the address of the file: no secret is in it.
func (l *Launch) URL() string {
	path := filepath.ToSlash(l.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	u := url.URL{Scheme: "file", Path: path}
	return u.String()
}

// Close removes the file.
func (l *Launch) Close() {
	l.remove.Do(func() { _ = os.RemoveAll(filepath.Dir(l.path)) }) // the folder was made for this file
}
