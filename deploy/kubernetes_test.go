//go:build system

package deploy_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"netready/internal/need"
)

// pod is what the kubelet would start: the settings of the manifests and the
// arguments of the container.
func pod(t *testing.T) (settings string, args []string) {
	t.Helper()
	text, err := os.ReadFile("kubernetes/responder.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first struct {
		Data map[string]string `yaml:"data"`
	}
	var second struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Args []string `yaml:"args"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := decoder.Decode(&first); err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(&second); err != nil {
		t.Fatal(err)
	}
	return first.Data["responder.yaml"], second.Spec.Template.Spec.Containers[0].Args
}

// The settings and arguments of the manifests start a responder, with the secret
// that secret.sh makes, and a call goes through.
func TestManifestsStartAResponder(t *testing.T) {
	need.Root(t)
	need.Tool(t, "openssl")
	dir := t.TempDir()
	script, err := filepath.Abs("kubernetes/secret.sh")
	if err != nil {
		t.Fatal(err)
	}
	run(t, need.Tool(t, "shellcheck"), script)
	run(t, "sh", "-c", "cd "+dir+" && "+script)
	if _, err := try(t, "sh", "-c", "cd "+dir+" && "+script); err == nil {
		t.Error("a second key was made over the first")
	}
	settings, args := pod(t)
	at := strings.NewReplacer("/run/netready-responder", dir+"/secret", "/data", dir+"/data", "voice.example.com", "127.0.0.1",
		"/etc/netready-responder", dir, "$(HOST_IP)", "127.0.0.1")
	write(t, dir+"/responder.yaml", at.Replace(settings), 0o600)
	program := filepath.Join(programs, "netready-responder")
	c := exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", "--net", "sh", "-c",
		"ip link set lo up; exec "+program+" "+at.Replace(strings.Join(args, " ")))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	var invite string
	soon(t, "the pod's responder has an invite", func() bool {
		invite, err = try(t, program, "invite", "--own", "--config", dir+"/responder.yaml")
		return err == nil
	})
	words := []string{"nsenter", "--target", pidOf(c), "--net"}
	if result := place(t, words, invite, time.Second).placed(t); result.Region.ID != "eu-central-1" {
		t.Errorf("region %q", result.Region.ID)
	}
	if ready := run(t, append(words, "curl", "-sS", "http://127.0.0.1:9464/readyz")...); ready != "ready\n" {
		t.Errorf("the probe is told %q", ready)
	}
}
