// Package s3server runs a server that speaks S3, for tests: somebody else's
// (versitygw), which can be killed and started again.
package s3server

import (
	"context"
	"go/build"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// A Server has one bucket, "results", which outlives it.
type Server struct {
	program, address, dir string
	process               *exec.Cmd
}

// Start starts one, and gives this program its credentials. make tools builds it from
// the module results/store/s3test.
func Start(t *testing.T) *Server {
	t.Helper()
	var listen net.ListenConfig
	free, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{program: need.Tool(t, "versitygw", filepath.Join(build.Default.GOPATH, "bin", "versitygw")), address: free.Addr().String(), dir: t.TempDir()}
	_ = free.Close()
	if err := os.MkdirAll(filepath.Join(s.dir, "data", "results"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "netready")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "netready-test")
	t.Cleanup(s.Kill)
	s.Restart(t)
	return s
}

// URL is that of the bucket, as --store takes it.
func (s *Server) URL() string {
	return "s3://results?region=us-east-1&use_path_style=true&endpoint=http://" + s.address
}

// Restart starts it after Kill, with what it had.
func (s *Server) Restart(t *testing.T) {
	t.Helper()
	s.process = exec.CommandContext(context.WithoutCancel(t.Context()), s.program, "--access", "netready", "--secret", "netready-test", "--port", s.address,
		"posix", filepath.Join(s.dir, "data")) // with the attributes of the file system: its --sidecar is not safe from a kill
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	var dialer net.Dialer
	for range 400 {
		if c, err := dialer.DialContext(t.Context(), "tcp", s.address); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("the S3 server does not answer")
}

// Kill ends it at once.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// Keys are the keys in the bucket that hold one of some words, as the server's own files
// tell: what to look at where a test fails.
func (s *Server) Keys(t *testing.T, words []string) (keys []string) {
	t.Helper()
	root := filepath.Join(s.dir, "data", "results")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(path, word) }) {
			keys = append(keys, strings.TrimPrefix(path, root+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return keys
}
