package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/probe/facts"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call this test binary as netready.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"netready": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) //nolint:gocritic // as main does
		},
	})
}

// TestScripts runs the commands as their users do: testdata/script.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "netready/cmd/netready-responder")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the responder: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":       scriptStatus,
			"onefile":      scriptOneFile,
			"files":        scriptFiles,
			"json":         scriptJSON,
			"waitfile":     scriptWaitFile,
			"nosecret":     scriptNoSecret,
			"samesecret":   scriptSameSecret,
			"changeinvite": scriptChangeInvite,
			"envinvite":    scriptEnvInvite,
		},
	})
}

// status N COMMAND ARG…: the command ends with exit status N.
func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// onefile PATTERN: exactly one file; its name goes to $FILE_TXT, $FILE_JSON, ….
func scriptOneFile(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%d files match %s, want 1", len(found), args[0])
	}
	ts.Setenv("FILE_"+strings.ToUpper(strings.TrimPrefix(filepath.Ext(found[0]), ".")), found[0])
}

// files PATTERN N: that many files.
func scriptFiles(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if fmt.Sprint(len(found)) != args[1] {
		ts.Fatalf("%d files match %s, want %s", len(found), args[0], args[1])
	}
}

// json FILE PATH VALUE: the document has the value there.
func scriptJSON(ts *testscript.TestScript, _ bool, args []string) {
	var document any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &document); err != nil {
		ts.Fatalf("%s is not one JSON document: %v", args[0], err)
	}
	for key := range strings.SplitSeq(args[1], ".") {
		object, ok := document.(map[string]any)
		if !ok {
			ts.Fatalf("nothing at %s", args[1])
		}
		document = object[key]
	}
	if got := fmt.Sprint(document); got != args[2] {
		ts.Fatalf("%s = %s, want %s", args[1], got, args[2])
	}
}

// waitfile NAME: a program in the background has written it.
func scriptWaitFile(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && len(bytes.TrimSpace(b)) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not appear", args[0])
}

// token is the secret of the invite in a file.
func token(ts *testscript.TestScript, file string) string {
	_, secrets, ok := strings.Cut(strings.TrimSpace(ts.ReadFile(file)), "#")
	if !ok {
		ts.Fatalf("%s holds no invite", file)
	}
	token, _, _ := strings.Cut(secrets, ".")
	return token
}

// nosecret FILE INVITEFILE: the text does not hold the invite's token.
func scriptNoSecret(ts *testscript.TestScript, _ bool, args []string) {
	if strings.Contains(ts.ReadFile(args[0]), token(ts, args[1])) {
		ts.Fatalf("%s holds the token", args[0])
	}
}

// samesecret A B: two invites hold the same token and pins.
func scriptSameSecret(ts *testscript.TestScript, _ bool, args []string) {
	_, a, _ := strings.Cut(strings.TrimSpace(ts.ReadFile(args[0])), "#")
	_, b, _ := strings.Cut(strings.TrimSpace(ts.ReadFile(args[1])), "#")
	if a != b {
		ts.Fatalf("the secrets of %s and %s differ", args[0], args[1])
	}
}

// changeinvite HOW FROM TO: quoted, wrong token, wrong pin.
func scriptChangeInvite(ts *testscript.TestScript, _ bool, args []string) {
	invite := strings.TrimSpace(ts.ReadFile(args[1]))
	front, secrets, _ := strings.Cut(invite, "#")
	token, pin, _ := strings.Cut(secrets, ".")
	changed := map[string]string{
		"quoted":   " “" + invite + "” ",
		"straight": `"` + invite + `"`,
		"token":    front + "#" + reversed(token) + "." + pin,
		"pin":      front + "#" + token + "." + reversed(pin[:len(pin)-1]) + "A",
	}[args[0]]
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(changed+"\r\n"), 0o600))
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// envinvite FILE: sets NETREADY_INVITE.
func scriptEnvInvite(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("NETREADY_INVITE", strings.TrimSpace(ts.ReadFile(args[0])))
}

// Ctrl-C half way: what was measured is written, marked incomplete, and is
// never ready.
func TestInterrupted(t *testing.T) {
	out := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	got := run(ctx, []string{"run", "--region", "local", "--duration", "60s", "--json", "--out", out}, nil, &stdout, &stderr)
	if got != exitUndetermined {
		t.Errorf("exit status %d, want %d\n%s", got, exitUndetermined, stderr.String())
	}
	var rep struct {
		Complete bool   `json:"complete"`
		Verdict  string `json:"verdict"`
		Voice    struct {
			Up   facts.Direction `json:"up"`
			Down facts.Direction `json:"down"`
		} `json:"voice"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &rep); err != nil {
		t.Fatalf("stdout: %v\n%s", err, stdout.String())
	}
	if rep.Complete || rep.Verdict != "undetermined" || rep.Voice.Up.Sent == 0 || rep.Voice.Up.Lost != 0 || rep.Voice.Down.Lost != 0 {
		t.Errorf("got %+v, want incomplete, undetermined, with packets and none lost", rep)
	}
	for _, pattern := range []string{"*.txt", "*.json"} {
		if found, _ := filepath.Glob(filepath.Join(out, pattern)); len(found) != 1 {
			t.Errorf("%d files %s, want 1", len(found), pattern)
		}
	}
}
