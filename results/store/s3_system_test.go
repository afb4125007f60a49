//go:build system

package store

import (
	"go/build"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "gocloud.dev/blob/s3blob" // of the store in these tests

	"netready/internal/need"
	"netready/results"
)

// An s3 is a server that speaks S3, with the bucket "results".
type s3 struct {
	*exec.Cmd
	program, address, dir string
}

// startS3 starts one. make tools builds it from the module s3test.
func startS3(t *testing.T) *s3 {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &s3{program: need.Tool(t, "versitygw", filepath.Join(build.Default.GOPATH, "bin", "versitygw")), address: free.Addr().String(), dir: t.TempDir()}
	_ = free.Close()
	for _, folder := range []string{"data/results", "meta"} {
		if err := os.MkdirAll(filepath.Join(s.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "netready")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "netready-test")
	t.Cleanup(func() { s.kill() })
	s.start(t)
	return s
}

func (s *s3) url() string {
	return "s3://results?region=us-east-1&use_path_style=true&endpoint=http://" + s.address
}

func (s *s3) start(t *testing.T) {
	t.Helper()
	s.Cmd = exec.Command(s.program, "--access", "netready", "--secret", "netready-test", "--port", s.address,
		"posix", "--sidecar", filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if c, err := net.Dial("tcp", s.address); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("the S3 server does not answer")
}

func (s *s3) kill() {
	_ = s.Process.Kill()
	_ = s.Wait()
}

// TestThreeShareAnObjectStore: three programs store results in one bucket. One is
// killed and starts again from its beginning, then the store is; every accepted result is
// there once, none lost, none doubled. Then two compact at once.
func TestThreeShareAnObjectStore(t *testing.T) {
	server := startS3(t)
	s, err := storeAt(t.Context(), server.url())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var workers []*worker
	for i := range 3 {
		workers = append(workers, startWorker(t, server.url(), "send", i*100_000))
	}
	time.Sleep(2 * time.Second)
	said1 := workers[1].kill(t)
	workers[1] = startWorker(t, server.url(), "send", 100_000)
	time.Sleep(time.Second)
	server.kill()
	time.Sleep(500 * time.Millisecond)
	server.start(t)
	time.Sleep(3 * time.Second)
	tried, accepted := said(said1, "try"), said(said1, "done")
	for _, w := range workers {
		out := w.kill(t)
		tried, accepted = append(tried, said(out, "try")...), append(accepted, said(out, "done")...)
	}
	again := len(accepted)
	slices.Sort(accepted)
	accepted = slices.Compact(accepted)
	again -= len(accepted)
	two, err := storeAt(t.Context(), server.url())
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		var list []string
		for _, row := range collect(t, two.Rows(t.Context(), results.Query{})) {
			list = append(list, row.RunID)
		}
		slices.Sort(list)
		if once := slices.Compact(slices.Clone(list)); len(once) != len(list) {
			t.Errorf("%s: %d rows of %d runs", when, len(list), len(once))
		}
		for _, id := range accepted {
			if _, there := slices.BinarySearch(list, id); !there {
				t.Errorf("%s: run %s was accepted and is lost", when, id)
			}
		}
		for _, id := range list {
			if !slices.Contains(tried, id) {
				t.Errorf("%s: run %s was never sent", when, id)
			}
		}
		t.Logf("%s: %d results accepted, %d of them twice, %d are there", when, len(accepted), again, len(list))
	}
	check("before")
	var both sync.WaitGroup
	for _, store := range []*Store{s, two} {
		both.Go(func() {
			if _, err := store.Compact(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	check("after")
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkTables(t, s)
	if len(accepted) < 50 || again < 1 {
		t.Error("too little was done to tell")
	}
}
