package cmdline

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type common struct {
	Config string `aliases:"limits" placeholder:"FILE" help:"Settings."`
}

type runCmd struct {
	common

	Region   string         `placeholder:"ID" help:"Where calls go to."`
	Duration time.Duration  `default:"30s" help:"Length of the call."`
	Buffer   time.Duration  `default:"60ms" help:"Jitter buffer."`
	Every    time.Duration  `placeholder:"D" help:"From one start to the next."`
	RTT      *time.Duration `name:"rtt" placeholder:"80ms" help:"Round trip."`
	Calls    int            `default:"1" help:"Calls at once."`
	Rate     uint32         `help:"In Hz."`
	Loss     float64        `default:"0" help:"In percent."`
	Quiet    bool           `short:"q" env:"SAMPLE_QUIET" help:"Say nothing."`
	Out      string         `short:"o" placeholder:"DIR" help:"Folder."`
	Format   []string       `enum:"${formats}" help:"More files."`
	Secret   string         `secret:"" env:"SAMPLE_SECRET" help:"An invite."`
	Rest     []string       `arg:"" optional:""`

	unseen int
}

type writeCmd struct {
	OutFile string `required:"" placeholder:"FILE" help:"What to write."`
	Source  string `arg:"" help:"What to read."`
}

type sample struct {
	Run    runCmd `cmd:"" default:"" help:"Run it."`
	Config struct {
		Check struct {
			Words []string `arg:"" optional:"" passthrough:""`
		} `cmd:"" help:"Check it."`
	} `cmd:"" help:"Settings."`
	Write writeCmd `cmd:"" help:"Write it."`
	Old   struct{} `cmd:"" hidden:"" help:"As before."`
}

// called parses a command line; printed is what it printed.
func called(t *testing.T, args ...string) (s sample, chosen *Chosen, printed string, err error) {
	t.Helper()
	var out bytes.Buffer
	program, err := New(Options{Name: "sample", Help: "A sample.", Vars: map[string]string{"formats": "html,xlsx"}, Stdout: &out, Stderr: io.Discard}, &s)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err = program.Parse(args)
	return s, chosen, out.String(), err
}

// "time: missing unit in duration" and `expected string value but got "EOL"
// (<EOL>)` explained nothing.
func TestWrongValuesExplainThemselves(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "--duration", "30"}, "30 has no unit: give 30s for 30 seconds"},
		{[]string{"run", "--duration=45"}, "45 has no unit: give 45s for 45 seconds"},
		{[]string{"run", "--buffer", "60"}, "60 has no unit: give 60ms for 60 milliseconds"},
		{[]string{"run", "--rtt", "80"}, "80 has no unit: give 80ms for 80 milliseconds"},
		{[]string{"run", "--every", "5"}, "give 5s for seconds or 5m for minutes"},
		{[]string{"run", "--duration", "half"}, `"half" is not a length of time`},
		{[]string{"run", "--calls", "many"}, `"many" is not a whole number`},
		{[]string{"run", "--calls", "1.5"}, `"1.5" is not a whole number`},
		{[]string{"run", "--loss", "0,5"}, "decimals are written with a point"},
		{[]string{"run", "--region"}, "--region needs a value, as in --region ID: Where calls go to"},
		{[]string{"run", "--region", "--quiet"}, "--region needs a value"},
		{[]string{"run", "--region", "-q"}, "--region needs a value"},
		{[]string{"run", "-o"}, "-o needs a value, as in -o DIR: Folder"},
		{[]string{"run", "--duration"}, "--duration needs a value, as in --duration 30s"},
		{[]string{"run", "--rate", "-1"}, "not a whole number"},
		{[]string{"run", "--quiet=perhaps"}, "neither true nor false"},
		{[]string{"run", "--format", "html,pdf"}, `--format: "pdf" is not one of html, xlsx (see sample run --help)`},
		{[]string{"run", "--regoin", "x"}, "unknown flag --regoin, did you mean --region?"},
		{[]string{"--regoin", "x"}, "unknown flag --regoin, did you mean --region?"},
		{[]string{"run", "-qx"}, "unknown flag -x"},
		{[]string{"write", "a"}, "--out-file is missing: give --out-file FILE: What to write"},
		{[]string{"write", "--out-file", "x"}, "<source> is missing: What to read"},
		{[]string{"write", "--out-file", "x", "a", "b"}, "unexpected argument b"},
		{[]string{"config"}, "give one of check"},
		{[]string{"config", "chek"}, `there is no command "chek", did you mean check? (see sample config --help)`},
		{[]string{"config", "chek", "--help"}, `there is no command "chek", did you mean check? (see sample config --help)`},
		{[]string{"help", "wirte"}, `there is no command "wirte", did you mean write?`},
		{[]string{"version", "run"}, "unexpected argument run"},
		{[]string{"completion", "tcsh"}, `there is no command "tcsh"`},
	} {
		_, _, _, err := called(t, test.args...)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q gave %v, want %q", test.args, err, test.want)
		}
	}
}

func TestRightValuesPass(t *testing.T) {
	s, _, _, err := called(t, "run", "--duration", "45s", "--rtt", "80ms", "--calls", "20", "--loss", "0.5", "--region", "x", "--", "--region")
	if err != nil || s.Run.Duration != 45*time.Second || *s.Run.RTT != 80*time.Millisecond || s.Run.Calls != 20 || s.Run.Loss != 0.5 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// What is not on the command line comes from the environment, then from the default.
func TestWhereValuesComeFrom(t *testing.T) {
	t.Setenv("SAMPLE_QUIET", "whatever")
	t.Setenv("SAMPLE_SECRET", "of the environment")
	s, chosen, _, err := called(t, "--limits", "old.yaml", "--format", "html", "a,b", "--format=xlsx,html", "c")
	if err != nil || chosen == nil || chosen.Name() != "run" || reflect.TypeOf(chosen.Target) != reflect.TypeFor[*runCmd]() {
		t.Fatalf("%+v, %v", chosen, err)
	}
	if r := s.Run; r.unseen != 0 || !r.Quiet || r.Secret != "of the environment" || r.Calls != 1 || r.Config != "old.yaml" || !slices.Equal(r.Format, []string{"html", "xlsx", "html"}) || !slices.Equal(r.Rest, []string{"a,b", "c"}) {
		t.Errorf("%+v", r)
	}
	var given []string
	for _, f := range Flags(chosen.Command) {
		if f.Given {
			given = append(given, f.Name)
		}
		if f.Name == "format" && (f.Check("html,xlsx") != nil || f.Check("pdf") == nil || f.String() != "html,xlsx,html") {
			t.Errorf("--format is %q", f.String())
		}
		if f.Name == "calls" && (f.Use("7") != nil || f.String() != "7") {
			t.Errorf("--calls is %s", f)
		}
	}
	if !slices.Equal(given, []string{"config", "format"}) {
		t.Errorf("given are %q", given)
	}
	if s, _, _, err := called(t, "run", "--quiet=false", "--secret", "here"); err != nil || s.Run.Quiet || s.Run.Secret != "here" {
		t.Errorf("the environment goes before the command line: %+v, %v", s.Run, err)
	}
	if s, _, _, err := called(t, "config", "check", "run", "--regoin", "-q", "--", "x"); err != nil || !slices.Equal(s.Config.Check.Words, []string{"run", "--regoin", "-q", "--", "x"}) {
		t.Errorf("passed on are %q, %v", s.Config.Check.Words, err)
	}
}

// Help and version print, and nothing runs.
func TestHelpAndVersion(t *testing.T) {
	for args, want := range map[string]string{
		"--help":              "Usage: sample [<command>] [flags]\n\nA sample.\n\nCommands:\n  run ",
		"help":                "  config check ",
		"help run":            "Usage: sample run [<rest> ...] [flags]\n\nRun it.\n",
		"run -h":              "  -o, --out DIR",
		"run --duration 5 -h": "Length of the call. Default: 30s.",
		"help write":          "\nArguments:\n  <source>",
		"run --help --region": "Environment: SAMPLE_SECRET.",
		"config --help":       "Usage: sample config <command>",
		"config check --help": "Usage: sample config check [<words> ...] [flags]",
		"--version":           "\n", "version": "\n", "run --version": "\n", "config --version": "\n",
		"man": ".SH SAMPLE CONFIG CHECK\n",
	} {
		_, chosen, printed, err := called(t, strings.Fields(args)...)
		if err != nil || chosen != nil || !strings.Contains(printed, want) || strings.Contains(printed, "As before") {
			t.Errorf("%q: %v, %v, printed\n%s\nwant %q", args, chosen, err, printed, want)
		}
		for line := range strings.Lines(printed) {
			if len([]rune(line)) > usualWidth+1 && args != "man" {
				t.Errorf("%q: the line %q is longer than %d", args, line, usualWidth)
			}
		}
	}
}
