// Package wine runs the Windows build of a command under Wine, for tests. Wine 8.0 lacks two
// things that Go's runtime and package net need of Windows; both are added here, for the
// test's build only.
package wine

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"netready/internal/need"
)

// processPrng is the only function of bcryptprimitives.dll that Go calls.
const processPrng = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL ProcessPrng(PBYTE data, SIZE_T n) { return SystemFunction036(data, (ULONG)n); }
`

// A Windows is a new Wine prefix that can run Go programs.
type Windows struct {
	Module string // folder of a module whose packages Build compiles; "": the test's own

	wine   string
	prefix string
	work   string
}

// New prepares a prefix in the test's own folder.
func New(tb testing.TB) *Windows {
	tb.Helper()
	w := &Windows{wine: need.Tool(tb, "wine"), work: tb.TempDir()}
	gcc := need.Tool(tb, "x86_64-w64-mingw32-gcc")
	w.prefix = filepath.Join(w.work, "prefix")
	w.do(tb, w.Command("wineboot", "-i"))
	tb.Cleanup(func() {
		if server, err := exec.LookPath("/usr/lib/wine/wineserver64"); err == nil {
			kill := exec.Command(server, "-k") //nolint:noctx // the test's context is over by now
			kill.Env = w.env()
			_ = kill.Run()
		}
	})
	source := filepath.Join(w.work, "prng.c")
	w.write(tb, source, []byte(processPrng))
	dll := w.Path("windows", "system32", "bcryptprimitives.dll")
	w.do(tb, exec.CommandContext(tb.Context(), gcc, "-shared", "-o", dll, source, "-ladvapi32"))
	return w
}

// Path is where a file of the drive C lies for this machine.
func (w *Windows) Path(names ...string) string {
	return filepath.Join(append([]string{w.prefix, "drive_c"}, names...)...)
}

// Build compiles a package of this module for Windows and returns the path.
func (w *Windows) Build(tb testing.TB, pkg string) string {
	tb.Helper()
	return w.build(tb, pkg, "build")
}

// BuildTest compiles the tests of a package of this module for Windows.
func (w *Windows) BuildTest(tb testing.TB, pkg string) string {
	tb.Helper()
	return w.build(tb, pkg, "test", "-c")
}

func (w *Windows) build(tb testing.TB, pkg string, how ...string) string {
	tb.Helper()
	exe := filepath.Join(w.work, filepath.Base(pkg)+".exe")
	build := exec.CommandContext(tb.Context(), "go", append(how, "-overlay", w.overlay(tb), "-o", exe, pkg)...)
	build.Dir = w.Module
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	w.do(tb, build)
	return exe
}

// overlay is a copy of package net that continues when Wine answers SIO_UDP_NETRESET with
// WSAEOPNOTSUPP.
func (w *Windows) overlay(tb testing.TB) string {
	tb.Helper()
	root, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		tb.Fatalf("asking for GOROOT: %v", err)
	}
	original := filepath.Join(string(bytes.TrimSpace(root)), "src", "net", "fd_windows.go")
	source, err := os.ReadFile(original)
	if err != nil {
		tb.Fatalf("reading package net: %v", err)
	}
	call := []byte("windows.SIO_UDP_NETRESET")
	at := bytes.Index(source, call)
	if at < 0 {
		tb.Fatalf("%s has no SIO_UDP_NETRESET: does Wine still need it?", original)
	}
	test := []byte("if err != nil {")
	from := at + bytes.Index(source[at:], test)
	mended := bytes.Join([][]byte{source[:from], []byte("if err != nil && err != syscall.Errno(10045) {"), source[from+len(test):]}, nil)
	file := filepath.Join(w.work, "fd_windows.go")
	w.write(tb, file, mended)
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: file}})
	if err != nil {
		tb.Fatal(err)
	}
	overlay := filepath.Join(w.work, "overlay.json")
	w.write(tb, overlay, replace)
	return overlay
}

// Command runs a Windows program.
func (w *Windows) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(w.wine, append([]string{name}, args...)...) //nolint:noctx // bounded by the test's time-out
	cmd.Env = w.env()
	return cmd
}

// env has a UTF-8 locale for names that are not ASCII, and lets a test put its own
// schtasks in the place of Wine's.
func (w *Windows) env() []string {
	return append(os.Environ(), "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "WINEARCH=win64", "LC_ALL=C.UTF-8", "WINEDLLOVERRIDES=schtasks.exe=n", "DISPLAY=", "WAYLAND_DISPLAY=")
}

func (w *Windows) do(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("running %v: %v\n%s", cmd.Args, err, out)
	}
}

func (w *Windows) write(tb testing.TB, path string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}
