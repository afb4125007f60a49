//go:build system

package deploy_test

import (
	"encoding/json"
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
	"netready/probe/facts"
)

// replicas are three responders that share key and token, as secret.sh makes them,
// each on an address of loopback of its own.
type replicas struct {
	dir     string
	process [3]*exec.Cmd
	invite  [3]string
	status  [3]string // URL of metrics and health
}

func startReplicas(t *testing.T) *replicas {
	t.Helper()
	need.Tool(t, "openssl")
	need.Tool(t, "curl")
	r := &replicas{dir: t.TempDir()}
	script, err := filepath.Abs("kubernetes/secret.sh")
	if err != nil {
		t.Fatal(err)
	}
	run(t, "sh", "-c", "cd "+r.dir+" && "+script)
	program := filepath.Join(programs, "netready-responder")
	for i := range r.process {
		data, control := fmt.Sprintf("%s/data%d", r.dir, i), fmt.Sprintf("127.0.0.%d:8443", i+1)
		r.status[i] = fmt.Sprintf("http://127.0.0.%d:9464", i+1)
		shared := []string{"--tls-cert", r.dir + "/secret/tls.crt", "--tls-key", r.dir + "/secret/tls.key", "--token-file", r.dir + "/secret/token"}
		c := exec.Command(program, append(shared, "--data", data, "--control", control, "--advertise", control,
			"--media", fmt.Sprintf("127.0.0.%d:40000", i+1), "--ports", "none", "--invite-file", data+".txt", "--metrics", strings.TrimPrefix(r.status[i], "http://"))...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		soon(t, "a replica has written its invite", func() bool {
			text, err := os.ReadFile(data + ".txt")
			r.invite[i] = strings.TrimSpace(string(text))
			return err == nil
		})
		r.process[i] = c
	}
	for i := range r.invite {
		if _, secret, _ := strings.Cut(r.invite[i], "#"); !strings.HasSuffix(r.invite[0], "#"+secret) {
			t.Fatal("the replicas' invites differ in more than the host")
		}
	}
	return r
}

// call runs an agent that prefers one of the replicas: the others have weight 0.
func (r *replicas) call(t *testing.T, prefers int, length time.Duration) *calling {
	t.Helper()
	weights := []int{0, 0, 0}
	weights[prefers] = 3
	list := fmt.Sprintf("checks: []\nregions:\n  - {id: test-1, name: Test, responders: [%q, %q, %q], weights: [%d, %d, %d]}\n",
		r.invite[0], r.invite[1], r.invite[2], weights[0], weights[1], weights[2])
	path := filepath.Join(t.TempDir(), "regions.yaml")
	write(t, path, list, 0o600)
	c := &calling{Cmd: exec.CommandContext(t.Context(), filepath.Join(programs, "netready"), "run", "--regions", path, "--region", "test-1",
		"--only", "voice", "--duration", length.String(), "--json", "--out", t.TempDir())}
	c.Stdout, c.Stderr = &c.stdout, &c.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// callByName runs an agent that knows one name, which has all three addresses.
func (r *replicas) callByName(t *testing.T, length time.Duration) *calling {
	t.Helper()
	need.Root(t)
	hosts := filepath.Join(t.TempDir(), "hosts")
	write(t, hosts, "127.0.0.1 localhost voice.test\n127.0.0.2 voice.test\n127.0.0.3 voice.test\n", 0o644)
	words := []string{"unshare", "--mount", "sh", "-c", "mount --bind " + hosts + ` /etc/hosts && exec "$0" "$@"`}
	return place(t, words, strings.Replace(r.invite[0], "127.0.0.1", "voice.test", 1), length)
}

// metric is the value of a replica's metric, -1 if it cannot be read.
func (r *replicas) metric(t *testing.T, i int, name string) float64 {
	t.Helper()
	out, _ := try(t, "curl", "-sS", r.status[i]+"/metrics")
	for line := range strings.Lines(out) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "netready_responder_"+name+" "); ok {
			if value, err := strconv.ParseFloat(text, 64); err == nil {
				return value
			}
		}
	}
	return -1
}

// Of three replicas one is killed during its calls and one is drained. The calls on the
// drained one, and on the third, continue to their end; the agents of the killed one keep
// what was measured, and say what happened with a code and a sentence; runs that would
// prefer the killed or the drained one go to the third.
func TestReplicaIsKilledAnotherIsDrained(t *testing.T) {
	r := startReplicas(t)
	const length = 12 * time.Second
	killed := []*calling{r.call(t, 0, length), r.call(t, 0, length)}
	drained, third := r.call(t, 1, length), r.call(t, 2, length)
	soon(t, "all calls are under way where they should be", func() bool {
		return r.metric(t, 0, "calls") == 2 && r.metric(t, 1, "calls") == 1 && r.metric(t, 2, "calls") == 1
	})
	soon(t, "some hundred packets were sent", func() bool { return r.metric(t, 0, "sent_total") > 250 })
	if err := r.process[0].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.process[1].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	soon(t, "the second replica drains", func() bool {
		out, err := try(t, "curl", "-sS", r.status[1]+"/readyz")
		return err == nil && strings.HasPrefix(out, "draining")
	})
	for name, prefers := range map[string]int{"killed": 0, "drained": 1, "left alone": 2} {
		began := time.Now()
		next := r.call(t, prefers, time.Second).placed(t)
		if next.Region.Responder != "127.0.0.3:8443" {
			t.Errorf("the next run after one was %s went to %s", name, next.Region.Responder)
		}
		t.Logf("the next run after one was %s took %v, a call of 1 s among it", name, time.Since(began))
	}
	before := r.metric(t, 2, "granted_total")
	r.callByName(t, time.Second).placed(t)
	if r.metric(t, 2, "granted_total") != before+1 {
		t.Error("behind one name the run did not go to the third")
	}
	for name, call := range map[string]*calling{"drained": drained, "third": third} {
		if result := call.placed(t); result.Voice.Up.Lost > 5 || result.Voice.DurationS < length.Seconds() {
			t.Errorf("the call on the %s replica was cut: %+v", name, result.Voice)
		}
	}
	if err := r.process[1].Wait(); err != nil {
		t.Errorf("the drained replica ended with %v", err)
	}
	for _, call := range killed {
		saysWhatHappened(t, call)
	}
}

// saysWhatHappened looks at the result of a call whose responder was killed.
func saysWhatHappened(t *testing.T, c *calling) {
	t.Helper()
	err := c.Wait()
	var result facts.Result
	if bad := json.Unmarshal(c.stdout.Bytes(), &result); bad != nil {
		t.Fatalf("no result: %v, %v; stderr: %s", err, bad, c.stderr.String())
	}
	if result.Complete || c.ProcessState.ExitCode() == 0 {
		t.Errorf("a call that was cut counts as whole: status %d", c.ProcessState.ExitCode())
	}
	if up, down := result.Voice.Up, result.Voice.Down; up == nil || down == nil || up.Received == 0 || down.Received == 0 {
		t.Errorf("what was measured before is lost: %+v", result.NotMeasured)
	}
	i := slices.IndexFunc(result.NotMeasured, func(n facts.NotMeasured) bool { return n.What == "voice.complete" })
	if i < 0 || result.NotMeasured[i].Code != facts.CodeFarEnded || result.NotMeasured[i].Reason == "" {
		t.Errorf("it does not say that the responder ended: %+v", result.NotMeasured)
	}
}
