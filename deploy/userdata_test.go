//go:build system

package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"

	"netready/internal/need"
	"netready/probe/responder/listen"
)

// template is what the tests read of deploy/cloudformation/responder.yaml.
type template struct {
	Resources struct {
		Firewall struct {
			Properties struct {
				SecurityGroupIngress []struct {
					Protocol string `yaml:"IpProtocol"`
					From     int    `yaml:"FromPort"`
					To       int    `yaml:"ToPort"`
				} `yaml:"SecurityGroupIngress"`
			} `yaml:"Properties"`
		} `yaml:"Firewall"`
		Instance struct {
			Properties struct {
				UserData struct {
					Base64 yaml.Node `yaml:"Fn::Base64"` // !Sub [text, words]
				} `yaml:"UserData"`
			} `yaml:"Properties"`
		} `yaml:"Instance"`
	} `yaml:"Resources"`
}

func readTemplate(t *testing.T) (stack template) {
	t.Helper()
	text, err := os.ReadFile("cloudformation/responder.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &stack)
	}
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// script is the second part of the stack's user data, as cloud-init takes it apart.
func (s template) script(t *testing.T) string {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(s.Resources.Instance.Properties.UserData.Base64.Content[0].Value))
	if err != nil {
		t.Fatal(err)
	}
	kind, words, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("user data of kind %q: %v", kind, err)
	}
	var parts, kinds []string
	for reader := multipart.NewReader(message.Body, words["boundary"]); ; {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		parts, kinds = append(parts, string(text)), append(kinds, part.Header.Get("Content-Type"))
	}
	var config struct {
		Modules [][]string `yaml:"cloud_final_modules"`
	}
	if len(parts) != 2 || yaml.Unmarshal([]byte(parts[0]), &config) != nil || fmt.Sprint(config.Modules) != "[[scripts-user always]]" ||
		!strings.HasPrefix(kinds[0], "text/cloud-config") || !strings.HasPrefix(kinds[1], "text/x-shellscript") {
		t.Fatalf("parts %v, %v, modules %v", kinds, parts, config.Modules)
	}
	return parts[1]
}

// CloudFormation and Terraform run the same script.
func TestStacksRunOneScript(t *testing.T) {
	script, err := os.ReadFile("terraform/user-data.sh")
	if err != nil {
		t.Fatal(err)
	}
	if got := readTemplate(t).script(t); strings.TrimSpace(got) != strings.TrimSpace(string(script)) {
		t.Error("the script in cloudformation/responder.yaml is not terraform/user-data.sh: copy it there, indented by twelve")
	}
}

// served are the ports that the program itself says that it listens on with its
// default settings, and the range that it opens on request.
func served(t *testing.T) (ports map[string]*[65536]bool) {
	t.Helper()
	out, _ := try(t, "unshare", "--net", "sh", "-c", "ip link set lo up; timeout 2 "+filepath.Join(programs, "netready-responder")+
		" --advertise 127.0.0.1 --data "+t.TempDir())
	ports = map[string]*[65536]bool{"tcp": {}, "udp": {}}
	control := regexp.MustCompile(`control on \S*:(\d+) \(TCP\), media on \S*:(\d+) \(UDP\)`).FindStringSubmatch(out)
	checks := regexp.MustCompile(`\b(udp|tcp|tls):(\d+)`).FindAllStringSubmatch(out, -1)
	if control == nil || len(checks) < 10 {
		t.Fatalf("it does not say where it listens: %q", out)
	}
	set := func(protocol, port string) {
		n, _ := strconv.Atoi(port)
		ports[strings.Replace(protocol, "tls", "tcp", 1)][n] = true
	}
	set("tcp", control[1])
	set("udp", control[2])
	for _, check := range checks {
		set(check[1], check[2])
	}
	for n := listen.LowPort; n < 65536; n++ {
		ports["udp"][n] = true
	}
	return ports
}

// The stack opens exactly what the program listens on, no more and no less.
func TestStackOpensWhatTheProgramServes(t *testing.T) {
	need.Root(t)
	open := map[string]*[65536]bool{"tcp": {}, "udp": {}}
	for _, rule := range readTemplate(t).Resources.Firewall.Properties.SecurityGroupIngress {
		for n := rule.From; n <= rule.To; n++ {
			open[rule.Protocol][n] = true
		}
	}
	for protocol, want := range served(t) {
		for n := range want {
			if open[protocol][n] != want[n] {
				t.Errorf("%s %d: open %t, served %t", protocol, n, open[protocol][n], want[n])
			}
		}
	}
}

// listenIn listens on loopback in the network of a machine.
func (m *machine) listenIn(t *testing.T) net.Listener {
	t.Helper()
	type answer struct {
		net.Listener
		error
	}
	done := make(chan answer)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		there, err := os.Open("/proc/" + m.PID + "/ns/net")
		if err == nil {
			defer there.Close()
			err = unix.Setns(int(there.Fd()), unix.CLONE_NEWNET)
		}
		var l net.Listener
		if err == nil {
			var config net.ListenConfig
			l, err = config.Listen(t.Context(), "tcp", "127.0.0.1:0")
		}
		done <- answer{l, err}
	}()
	a := <-done
	if a.error != nil {
		t.Fatal(a.error)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.Listener
}

// serve serves the release file to the machine and counts how often it is fetched.
func (m *machine) serve(t *testing.T, release string) (url string, fetched *int) {
	t.Helper()
	l := m.listenIn(t)
	fetched = new(int)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*fetched++
		http.ServeFile(w, r, release)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/" + filepath.Base(release), fetched
}

// awsCopies stands for the AWS command line: it copies into a folder what is meant for a
// bucket.
const awsCopies = `#!/bin/sh
[ "$1 $2 $3" = "s3 cp --only-show-errors" ] || exit 9
mkdir -p /root/bucket && cp "$4" "/root/bucket/$(echo "$5" | tr -c a-z0-9.\\n _)"
`

// The script of the stacks, complete except for the bucket: a wrong checksum installs
// nothing; the release is fetched and started, its invite is in the bucket and can be used
// for a call; at the next start of the host nothing is fetched again; another name of the
// host is applied, with the same token and key.
func TestUserDataInstalls(t *testing.T) {
	run(t, need.Tool(t, "shellcheck"), "--exclude", "SC2016", "terraform/user-data.sh")
	need.Tool(t, "curl")
	files := t.TempDir()
	write(t, filepath.Join(files, "usr/local/bin/aws"), awsCopies, 0o755)
	m := boot(t, files)
	path, sum := release(t)
	url, fetched := m.serve(t, path)
	start := func(sum, advertise string) (string, error) {
		script := readTemplate(t).script(t)
		for word, value := range map[string]string{
			"ReleaseURL": url, "ReleaseSHA256": sum, "Region": "eu-test-1", "Advertise": advertise, "HostName": "", "InvitePlace": "s3://bucket/invite.txt",
		} {
			script = strings.ReplaceAll(script, "${"+word+"}", value)
		}
		write(t, m.path("/root/user-data"), script, 0o700)
		return m.try(t, "/root/user-data")
	}
	bucket := func() string {
		text, _ := os.ReadFile(m.path("/root/bucket/s3___bucket_invite.txt"))
		return string(text)
	}

	if _, err := start(strings.Repeat("0", 64), "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "SHA-256") || bucket() != "" {
		t.Fatalf("another file than the stack names: %v", err)
	}
	if _, err := os.Stat(m.path("/usr/local/bin/netready-responder")); err == nil {
		t.Error("it was installed all the same")
	}
	*fetched = 0
	for range 2 {
		if out, err := start(sum, "127.0.0.1"); err != nil {
			t.Fatalf("%s%v", out, err)
		}
	}
	first := bucket()
	if result := place(t, m.beside(), first, time.Second).placed(t); result.Region.ID != "eu-test-1" || *fetched != 1 {
		t.Errorf("region %q, fetched %d times", result.Region.ID, *fetched)
	}
	if _, err := start(sum, "localhost"); err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(first, "127.0.0.1", "localhost", 1); bucket() != want || bytes.Contains([]byte(want), []byte("127.0")) {
		t.Error("the invite in the bucket is not the same with the other name")
	}
}
