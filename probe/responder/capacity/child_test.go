//go:build capacity && linux

package capacity

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The load and what is loaded have a core each.
const (
	loadCore   = 0
	serverCore = 1
)

// pin ties a thread (0: the calling one) to a core; threads and programs that it
// starts inherit that.
func pin(b *testing.B, thread, core int) {
	b.Helper()
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(thread, &set); err != nil {
		b.Skipf("this needs two cores of its own: %v", err)
	}
}

// pinAll ties every thread of this program to the load's core.
func pinAll(b *testing.B) {
	b.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range threads {
		id, _ := strconv.Atoi(t.Name())
		pin(b, id, loadCore)
		_ = unix.Setpriority(unix.PRIO_PROCESS, id, -20) // where it may; other programs here would falsify the figures
	}
	runtime.GOMAXPROCS(1)
	first()
}

// first runs what was started with this before other programs, where it may (sched(7)):
// their work would falsify the figures.
func first() { _ = os.WriteFile("/proc/self/autogroup", []byte("-20"), 0o600) }

// A child is a server on a core of its own.
type child struct {
	*exec.Cmd
	line string // the first of its output
}

// role is the variable that tells this test's own executable what to be.
const role = "NETREADY_CAPACITY"

// serve starts this executable as a server, and reads the line that it prints.
func serve(b *testing.B, as string) *child {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(b.Context(), self)
	c.Env = append(os.Environ(), role+"="+as)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	started := launch(b, c)
	started.line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("%s told nothing: %v", as, err)
	}
	started.line = strings.TrimSpace(started.line)
	return started
}

// launch starts a program on the server's core.
func launch(b *testing.B, c *exec.Cmd) *child {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pin(b, 0, serverCore)
	defer pin(b, 0, loadCore)
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	return &child{Cmd: c}
}

func (c *child) end() {
	_ = c.Process.Kill()
	_ = c.Wait()
}

// used is the time that the child's threads ran so far.
func (c *child) used(b *testing.B) (all time.Duration) {
	b.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", c.Process.Pid))
	if err != nil || len(threads) == 0 {
		b.Fatal("the kernel does not tell how long threads ran: ", err)
	}
	for _, thread := range threads {
		line, _ := os.ReadFile(thread) // fails where the thread has ended
		ran, _, _ := strings.Cut(string(line), " ")
		ns, _ := strconv.ParseInt(ran, 10, 64)
		all += time.Duration(ns)
	}
	return all
}

// resident is the memory of its own that the child holds after a garbage collection, in
// bytes: without the pages of its program.
func (c *child) resident(b *testing.B) float64 {
	b.Helper()
	_ = c.Process.Signal(syscall.SIGUSR1)
	time.Sleep(300 * time.Millisecond)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	kb, _ := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kb) * 1024
}
