//go:build system

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/internal/need"
)

// storage lets buildah keep its images in the test's own folder.
func storage(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "storage.conf"), fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n", dir+"/graph", dir+"/run"), 0o600)
	t.Setenv("CONTAINERS_STORAGE_CONF", filepath.Join(dir, "storage.conf"))
	t.Setenv("STORAGE_DRIVER", "vfs")
}

// container starts the image on a loopback of its own, and waits until its invite can be
// read. Words are put before a command that shares its network; responder is the process.
func container(t *testing.T, image string) (words []string, invite string, responder int) {
	t.Helper()
	run(t, "buildah", "from", "--name", "test", image)
	c := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-c",
		`ip link set lo up; exec buildah run --isolation chroot --network host test -- /netready-responder `+
			`serve --data /data --hide-invite --metrics 127.0.0.1:9464 --drain 11m --log json --advertise 127.0.0.1`)
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = output, output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(responder, syscall.SIGKILL)
		_ = c.Wait()
	})
	words = []string{"nsenter", "--target", pidOf(c), "--net"}
	soon(t, "the responder in the container has an invite", func() bool {
		responder = processIn(c.Process.Pid, "/netready-responder")
		if responder == 0 {
			return false
		}
		invite, err = try(t, filepath.Join(programs, "netready-responder"), "invite", "--own", "--data", fmt.Sprintf("/proc/%d/root/data", responder))
		return err == nil
	})
	if said, err := os.ReadFile(output.Name()); err != nil || strings.Contains(string(said), "/i#") {
		t.Errorf("%v, the log has the invite: %s", err, said)
	}
	return words, invite, responder
}

func pidOf(c *exec.Cmd) string { return strconv.Itoa(c.Process.Pid) }

// processIn is the process of a program that has the same network as another, 0
// if there is none.
func processIn(same int, program string) int {
	network := func(pid string) string {
		name, _ := os.Readlink("/proc/" + pid + "/ns/net")
		return name
	}
	all, _ := filepath.Glob("/proc/[1-9]*")
	for _, dir := range all {
		pid := filepath.Base(dir)
		exe, _ := os.Readlink(dir + "/exe")
		if strings.HasSuffix(exe, program) && network(pid) == network(strconv.Itoa(same)) {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	return 0
}

// The image contains the program and its data folder and nothing else, not even a shell; it
// runs as a user without rights who may still use ports below 1024; a call works, and one
// that is under way at SIGTERM continues to its end.
func TestContainerServes(t *testing.T) {
	need.Root(t)
	need.Tool(t, "buildah")
	need.Tool(t, "setcap")
	need.Tool(t, "unshare")
	run(t, need.Tool(t, "shellcheck"), "container/build")
	storage(t)
	run(t, "container/build", filepath.Join(programs, "netready-responder"), "netready-test")
	var files []string
	for path := range strings.FieldsSeq(run(t, "find", strings.TrimSpace(run(t, "buildah", "mount", strings.TrimSpace(run(t, "buildah", "from", "netready-test")))), "-type", "f", "-printf", "/%P ")) {
		files = append(files, path)
	}
	if want := []string{"/netready-responder"}; !slices.Equal(files, want) {
		t.Errorf("the image has %v, want %v", files, want)
	}
	words, invite, responder := container(t, "netready-test")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", responder))
	if err != nil || !strings.Contains(string(status), "Uid:\t65532\t65532\t65532\t65532\n") || !strings.Contains(string(status), "CapEff:\t0000000000000400\n") {
		t.Errorf("%v, the process is not a user with the right of low ports alone: %s", err, status)
	}
	if low := place(t, words, invite, time.Second, "--only", "voice,firewall", "--port-range-samples", "1").placed(t); len(low.Firewall) == 0 {
		t.Error("no ports were tried")
	}
	last := place(t, words, invite, 3*time.Second)
	soon(t, "the call is under way", func() bool {
		metrics := run(t, slices.Concat(words, []string{"curl", "-sS", "http://127.0.0.1:9464/metrics"})...)
		return strings.Contains(metrics, "netready_responder_calls 1")
	})
	if err := syscall.Kill(responder, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	last.placed(t)
	soon(t, "the responder ends by itself", func() bool { return syscall.Kill(responder, 0) != nil })
}
