package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
	"netready/probe/responder/tokens"
)

// does runs a command to its end.
func does(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	c, said := command(t, args...)
	b, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), said.String(), c.ProcessState.ExitCode()
}

// runWith makes a run of a session and what shows that it is one.
func runWith(t *testing.T, to invite.Invite) error {
	t.Helper()
	session, err := call.Open(t.Context(), to, call.Settings{Duration: 200 * time.Millisecond})
	if err != nil {
		return err
	}
	_, err = session.Run(t.Context(), call.Plan{})
	return errors.Join(err, session.Close())
}

// code is the one by which a token was refused.
func code(err error) string {
	if refused, ok := errors.AsType[*call.TokenError](err); ok && errors.Is(err, call.ErrToken) && strings.Contains(err.Error(), refused.Code) {
		return refused.Code
	}
	return ""
}

// An organisation's invite works at once, is good for its number of runs, also across a
// restart, and ends when it is revoked or expires; whoever shows it is told which.
func TestInvitesOfOrganisations(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := begin(t, "--data", data, "--advertise", "127.0.0.1")
	made := func(args ...string) invite.Invite {
		t.Helper()
		out, said, status := does(t, append([]string{"invite", "--data", data, "--org", "ACME & Söhne"}, args...)...)
		if status != 0 || !strings.Contains(said, "revoke") || strings.Count(out, "\n") != 1 {
			t.Fatalf("status %d, %q, %q", status, out, said)
		}
		to := parsed(t, strings.TrimSpace(out))
		if strings.Contains(said, to.Token) {
			t.Error("the secret is shown twice")
		}
		return to
	}
	bounded, free := made("--max-runs", "2", "--expires", "14d"), made()
	for i := range 2 {
		if err := runWith(t, bounded); err != nil {
			t.Errorf("run %d of 2: %v; %s", i+1, err, p.stderr)
		}
		p.end(t)
		p = begin(t, "--data", data, "--advertise", "127.0.0.1")
		_, port, _ := strings.Cut(parsed(t, strings.TrimSpace(p.invite)).Host, ":")
		bounded.Host, free.Host = "127.0.0.1:"+port, "127.0.0.1:"+port
	}
	if err := runWith(t, bounded); code(err) != "token_used_up" {
		t.Errorf("a third run of 2: %v", err)
	}
	if err := runWith(t, free); err != nil {
		t.Errorf("another invite: %v", err)
	}
	id, _, _ := strings.Cut(free.Token, "~")
	if out, said, status := does(t, "revoke", id, "--data", data); status != 0 || !strings.Contains(out, id) {
		t.Errorf("revoking: %d, %q, %q", status, out, said)
	}
	if err := eventually(func() error { return runWith(t, free) }, "token_revoked"); err != nil {
		t.Errorf("a revoked one: %v", err)
	}
	store, err := tokens.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	old, _, err := store.Make(tokens.Token{Org: "Late Ltd"}, time.Now().Add(-time.Hour), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	late, wrong := free, free
	late.Token, wrong.Token = old, id+"~AAAAAAAAAAAAAAAAAAAAAA"
	if err := eventually(func() error { return runWith(t, late) }, "token_expired"); err != nil {
		t.Errorf("an expired one: %v", err)
	}
	if err := runWith(t, wrong); code(err) != "token" {
		t.Errorf("another secret for a known ID: %v", err)
	}
	out, _, _ := does(t, "list", "--data", data)
	for _, want := range []string{"ACME & Söhne", "used up", "2 of 2", "revoked", "expired", "Late Ltd"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list has no %q: %s", want, out)
		}
	}
	for _, secret := range []string{bounded.Token, free.Token, old} {
		if strings.Contains(out, secret) || strings.Contains(p.stderr.String(), secret) {
			t.Error("a secret in the list or in the log")
		}
	}
	private(t, filepath.Join(data, "tokens.json"), filepath.Join(data, "runs.json"))
}

// eventually tries again for a moment: the responder looks at its files ten times a second.
// It returns nil once a token is refused for the given reason.
func eventually(do func() error, want string) (err error) {
	for range 20 {
		if err = do(); code(err) == want {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err == nil {
		err = errors.New("it is still good")
	}
	return err
}

// Invites that read are made, listed as such, place no call, and can be revoked.
func TestReadInvites(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	begin(t, "--data", data, "--advertise", "127.0.0.1")
	one, said, status := does(t, "invite", "--data", data, "--read", "--org", "ACME", "--expires", "30d")
	if status != 0 || !strings.Contains(said, "For ACME") || !strings.Contains(said, "reads results") || !strings.Contains(said, "/results and paste it") {
		t.Fatalf("status %d, %q", status, said)
	}
	if _, said, status = does(t, "invite", "--data", data, "--read", "--all-orgs"); status != 0 || !strings.Contains(said, "all organisations") {
		t.Fatalf("status %d, %q", status, said)
	}
	to := parsed(t, strings.TrimSpace(one))
	if err := runWith(t, to); err == nil {
		t.Error("a call was placed with an invite that reads")
	}
	id, _, _ := strings.Cut(to.Token, "~")
	if out, said, status := does(t, "revoke", id, "--data", data); status != 0 || !strings.Contains(out, "no result can be read") {
		t.Errorf("revoking: %d, %q, %q", status, out, said)
	}
	out, _, _ := does(t, "list", "--data", data)
	for _, want := range []string{"FOR", "ACME", "all organisations", "reading", "revoked"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list has no %q: %s", want, out)
		}
	}
}

// A session whose agent never came does not count as a run: its answer was lost on the way.
func TestSessionThatNeverBeganIsNoRun(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	begin(t, "--data", data, "--advertise", "127.0.0.1")
	out, _, _ := does(t, "invite", "--data", data, "--org", "ACME", "--max-runs", "1")
	to := parsed(t, strings.TrimSpace(out))
	for range 3 {
		session, err := call.Open(t.Context(), to, call.Settings{Duration: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := call.Open(t.Context(), to, call.Settings{Duration: time.Second}); code(err) != "token_used_up" {
			t.Errorf("two sessions at once with one run: %v", err)
		}
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := runWith(t, to); err != nil {
		t.Errorf("the run: %v", err)
	}
	if err := runWith(t, to); code(err) != "token_used_up" {
		t.Errorf("a second run: %v", err)
	}
}

// Responders that share a folder of invites count their runs together; those that can only
// read it count each for itself, and say so. The invite is made on a host without a
// responder.
func TestRespondersShareInvites(t *testing.T) {
	dir := t.TempDir()
	shared, certFile, keyFile, own := filepath.Join(dir, "shared"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "own.txt")
	if err := os.Mkdir(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, certFile, keyFile)
	var hosts []string
	for _, name := range []string{"a", "b"} {
		p := begin(t, "--data", filepath.Join(dir, name), "--invites", shared, "--tls-cert", certFile, "--tls-key", keyFile, "--advertise", "127.0.0.1")
		to := parsed(t, strings.TrimSpace(p.invite))
		hosts = append(hosts, to.Host)
		if err := os.WriteFile(own, []byte(p.invite+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, said, status := does(t, "invite", "--invites", shared, "--like", "@"+own, "--org", "ACME", "--max-runs", "2")
	if status != 0 {
		t.Fatalf("status %d, %s", status, said)
	}
	to := parsed(t, strings.TrimSpace(out))
	for i, want := range []string{"", "", "token_used_up", "token_used_up"} {
		to.Host = hosts[i%2]
		if err := runWith(t, to); code(err) != want || (err == nil) != (want == "") {
			t.Errorf("run %d: %v, want %q", i+1, err, want)
		}
	}
	out, _, _ = does(t, "list", "--invites", shared)
	if !strings.Contains(out, "2 of 2") {
		t.Errorf("the list: %s", out)
	}
	id, _, _ := strings.Cut(to.Token, "~")
	if _, said, status := does(t, "revoke", "--invites", shared, id); status != 0 {
		t.Errorf("revoking: %d, %s", status, said)
	}
	if err := eventually(func() error { return runWith(t, to) }, "token_revoked"); err != nil {
		t.Error(err)
	}
	for _, args := range []string{"list --invites " + own, "list --invites " + dir + "/none", "serve --data " + dir + "/c --invites " + dir + "/none"} {
		if out, said, status := does(t, strings.Split(args, " ")...); status != 2 || out != "" || !strings.Contains(said, "--invites") {
			t.Errorf("%s: %d, %q, %q", args, status, out, said)
		}
	}
}

// Wrong settings of the commands give one sentence that says what to do.
func TestInviteRefuses(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	begin(t, "--data", data)
	for _, tt := range []struct{ args, says string }{
		{"invite --data " + data, "--org"},
		{"invite --own --org A --data " + data, "--own"},
		{"invite --own --read --data " + data, "--own"},
		{"invite --read --data " + data, "--all-orgs"},
		{"invite --all-orgs --data " + data, "--read"},
		{"invite --read --all-orgs --org A --data " + data, "--all-orgs"},
		{"invite --read --org A --max-runs 3 --data " + data, "--max-runs"},
		{"invite --own --data " + data + "none", "--data"},
		{"invite --org A --data " + data + "none", "--data"},
		{"invite --org A --expires 14 --data " + data, "14d"},
		{"invite --org A --expires 9000d --data " + data, "730d"},
		{"invite --org A --expires=-3d --data " + data, "14d"},
		{"invite --org A --max-runs -1 --data " + data, "--max-runs"},
		{"invite --org \a --data " + data, "printed"},
		{"invite --org _ --data " + data, "another name"},
		{"invite --read --org _ --data " + data, "another name"},
		{"revoke nobody --data " + data, "list"},
		{"revoke --data " + data, "id"},
	} {
		out, said, status := does(t, strings.Split(tt.args, " ")...)
		if status != 2 || out != "" || !strings.Contains(said, tt.says) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q", tt.args, status, out, said)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "tokens.json"), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said, status := does(t, "list", "--data", data); status != 2 || !strings.Contains(said, "tokens.json") {
		t.Errorf("a damaged file: %d %q", status, said)
	}
}

// Responders that share certificate and token file have the same invite except for the
// host; with hide_invite nothing that they print contains it, and the command shows it. A
// reload reads a changed token file.
func TestRespondersShareOneInvite(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writeCertificate(t, certFile, keyFile)
	tokens := filepath.Join(dir, "tokens")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(tokens, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\n2345678901234567890123\n")
	var shown []invite.Invite
	for _, name := range []string{"a", "b"} {
		data := filepath.Join(dir, name)
		config := filepath.Join(dir, name+".yaml")
		text := fmt.Sprintf("data: %s\ntls_cert: %s\ntls_key: %s\ntoken_file: %s\nhide_invite: true\n", data, certFile, keyFile, tokens)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := begin(t, "--config", config, "--advertise", "127.0.0.1")
		out, said, status := does(t, "invite", "--own", "--config", config)
		if status != 0 || strings.Contains(p.invite+p.second+p.stderr.String(), "2345678901234567890123") || !strings.Contains(p.invite, "--own") {
			t.Fatalf("status %d, %s, it printed %q", status, said, p.invite)
		}
		to := parsed(t, strings.TrimSpace(out))
		if err := runWith(t, to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		shown = append(shown, to)
		if name == "b" && runtime.GOOS != "windows" {
			write("newtoken01newtoken01new\n2345678901234567890123\n")
			if err := p.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			p.told(t, "reloaded")
			to.Token = "newtoken01newtoken01new"
			if err := runWith(t, to); err != nil {
				t.Errorf("the new token: %v", err)
			}
		}
	}
	shown[1].Host = shown[0].Host
	if shown[0].String() != shown[1].String() {
		t.Error("two invites")
	}
	out, said, status := does(t, "serve", "--data", filepath.Join(dir, "c"), "--token-file", filepath.Join(dir, "none"))
	if status != 2 || out != "" || !strings.Contains(said, "--token-file") {
		t.Errorf("a token file that is not there: %d, %q, %q", status, out, said)
	}
}
