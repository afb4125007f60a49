//go:build system

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/wine"
	"netready/probe/facts"
)

// testInstaller rolls the program out under Wine: the real installer is installed and
// removed; the task and a call are tried with a program that can use Wine's network.
func testInstaller(t *testing.T, made string) {
	t.Helper()
	windows := wine.New(t)
	file := filepath.Join(made, "netready-windows-amd64.msi")
	output(t, windows.Command("msiexec", "/i", file, "/qn"))
	program := windows.Path("Program Files", "netready", "netready.exe")
	if read(t, filepath.Dir(program), "netready.exe") != read(t, made, "netready-windows-amd64.exe") {
		t.Error("the installed program is another one")
	}
	if said := output(t, windows.Command(program, "mos", "--loss", "1", "--json")); !strings.Contains(said, `"mos": 4.3`) {
		t.Errorf("the installed program said %q", said)
	}
	output(t, windows.Command("msiexec", "/x", file, "/qn"))
	if _, err := os.Stat(filepath.Dir(program)); !os.IsNotExist(err) {
		t.Errorf("after removal its folder is there: %v", err)
	}

	file = mendedInstaller(t, windows)
	copyProgram(t, windows.Build(t, "netready/internal/wine/schtasks"), windows.Path("windows", "system32", "schtasks.exe"))
	output(t, windows.Command("msiexec", "/i", file, "/qn", "TASKSTART=09:00", `TASKOPTIONS=--region local --duration 1s --only voice --out C:\Ergebnisse\Büro`))
	t.Run("task", func(t *testing.T) { testTask(t, windows) })
	t.Run("call", func(t *testing.T) { testInstalledCall(t, windows, program, made) })
	output(t, windows.Command("msiexec", "/x", file, "/qn"))
	if noted := scheduled(t, windows); !slices.Equal(noted[len(noted)-1], []string{"/Delete", "/F", "/TN", "netready"}) {
		t.Errorf("at removal schtasks was given %q", noted)
	}
}

// mendedInstaller is the installer with a program whose package net works with Wine.
func mendedInstaller(t *testing.T, windows *wine.Windows) string {
	t.Helper()
	windows.Module = ".."
	d := dist{ctx: t.Context(), said: io.Discard, folder: t.TempDir(), work: t.TempDir(), commit: commit{version: "v9.9.9", hash: "0123456789abcdef", date: time.Now()}}
	target, _ := targetOf("windows/amd64")
	copyProgram(t, windows.Build(t, "netready/cmd/netready"), d.path(target.file("netready")))
	for _, step := range []func() error{func() error { return d.addResources(target, "netready") }, func() error { return d.msi(target) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return d.path("netready-windows-amd64.msi")
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		_ = os.Remove(to) // it may be a link into Wine's own files
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// scheduled is what schtasks was given, each time.
func scheduled(t *testing.T, windows *wine.Windows) (all [][]string) {
	t.Helper()
	for one := range strings.SplitSeq(strings.TrimSpace(read(t, windows.Path(), "schtasks.txt")), "\n\n") {
		all = append(all, strings.Split(one, "\n"))
	}
	return all
}

// testTask runs the command line that Windows would start each day.
func testTask(t *testing.T, windows *wine.Windows) {
	t.Helper()
	given := scheduled(t, windows)[0]
	want := []string{"/Create", "/F", "/TN", "netready", "/SC", "DAILY", "/ST", "09:00", "/RU", `NT AUTHORITY\NETWORKSERVICE`, "/TR"}
	if len(given) != len(want)+1 || !slices.Equal(given[:len(want)], want) {
		t.Fatalf("schtasks was given %q", given)
	}
	program, options, found := strings.Cut(strings.TrimPrefix(given[len(want)], `"`), `" `)
	if !found {
		t.Fatalf("the task is %q", given[len(want)])
	}
	task := windows.Command(program, strings.Fields(options)...)
	const notReady, undetermined = 1, 3 // where Wine sends late, which does not matter here
	if printed, err := task.CombinedOutput(); err != nil && task.ProcessState.ExitCode() != undetermined && task.ProcessState.ExitCode() != notReady {
		t.Errorf("the task: %v\n%s", err, printed)
	}
	if files, err := filepath.Glob(windows.Path("Ergebnisse", "Büro", "*.txt")); err != nil || len(files) != 1 {
		t.Errorf("the task has written %v, %v", files, err)
	}
}

// testInstalledCall places a call at the same time with the installed program and
// with the one for Linux: both measure the same, and both results merge.
func testInstalledCall(t *testing.T, windows *wine.Windows, program, made string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), filepath.Join(made, "netready-responder-linux-"+runtime.GOARCH),
		"--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none", "--data", t.TempDir())
	stdout, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	invite, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	agent := filepath.Join(made, "netready-linux-"+runtime.GOARCH)
	folder := windows.Path("Büro Öl")
	options := []string{"run", "--only", "voice", "--duration", "5s", "--json", "--org", "Bäckerei Öl", "--out"}
	apart, late := 0.0, 0.0
	for range 3 { // a busy host can part two calls
		_ = os.RemoveAll(folder)
		there := exec.Command(agent, append(slices.Clone(options), folder)...)
		here := windows.Command(program, append(slices.Clone(options), `C:\Büro Öl`)...)
		here.Env = append(here.Env, "NETREADY_INVITE="+strings.TrimSpace(invite))
		there.Env = append(os.Environ(), "NETREADY_INVITE="+strings.TrimSpace(invite))
		both := figures(t, here, there)
		apart, late = 0, max(both[0].late, both[1].late)
		for i := range both[0].ms {
			apart = max(apart, math.Abs(both[0].ms[i]-both[1].ms[i]))
		}
		if apart < 1 {
			break
		}
	}
	// Wine takes its stamp after the host has run the program; how late that is the senders
	// report.
	if apart >= 1+late {
		t.Errorf("the figures of Windows and Linux are up to %.3f ms apart, and packets went out %.3f ms late", apart, late)
	}
	t.Logf("the figures of Windows and Linux are up to %.3f ms apart, packets went out %.3f ms late", apart, late)
	workbook := filepath.Join(t.TempDir(), "all.xlsx")
	if said := output(t, exec.Command(agent, "merge", folder, "-o", workbook)); !strings.Contains(said, "2 runs") {
		t.Errorf("merging said %q, want 2 runs", said)
	}
}

// measured are figures of a run in ms: jitter up and down, the round trip; and how
// late one of a hundred packets went out.
type measured struct {
	ms   [3]float64
	late float64
}

// figures are those of runs at the same time.
func figures(t *testing.T, runs ...*exec.Cmd) (all []measured) {
	t.Helper()
	var outputs []io.ReadCloser
	for _, run := range runs {
		stdout, err := run.StdoutPipe()
		if err == nil {
			err = run.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, stdout)
	}
	for i, run := range runs {
		var r facts.Result
		err := json.NewDecoder(outputs[i]).Decode(&r)
		_ = run.Wait()
		v := r.Voice
		if err != nil || v.Up == nil || v.Down == nil || v.Up.JitterMS == nil || v.Down.JitterMS == nil || v.RTT == nil || v.RTT.AvgMS == nil || v.SendLatenessMS == nil || v.SendLatenessMS.P99 == nil {
			t.Fatalf("%v has no figures: %v, %+v", run.Args, err, r.NotMeasured)
		}
		if r.Organization != "Bäckerei Öl" {
			t.Errorf("the organisation is %q", r.Organization)
		}
		all = append(all, measured{[3]float64{*v.Up.JitterMS, *v.Down.JitterMS, *v.RTT.AvgMS}, *v.SendLatenessMS.P99})
	}
	return all
}
