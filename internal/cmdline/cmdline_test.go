package cmdline

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

type sample struct {
	Run struct {
		Region   string         `placeholder:"ID" help:"Where calls go to."`
		Duration time.Duration  `default:"30s" help:"Length of the call."`
		Buffer   time.Duration  `default:"60ms" help:"Jitter buffer."`
		Every    time.Duration  `placeholder:"D" help:"From one start to the next."`
		RTT      *time.Duration `name:"rtt" placeholder:"80ms" help:"Round trip."`
		Calls    int            `default:"1" help:"Calls at once."`
		Loss     float64        `default:"0" help:"In percent."`
		Quiet    bool           `short:"q" help:"Say nothing."`
		Out      string         `short:"o" placeholder:"DIR" help:"Folder."`
		Rest     []string       `arg:"" optional:""`
	} `cmd:""`
}

func parse(t *testing.T, args ...string) (sample, error) {
	t.Helper()
	var s sample
	parser, err := kong.New(&s, append(Options(), kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	if err := Missing(parser, args); err != nil {
		return s, err
	}
	_, err = parser.Parse(args)
	return s, err
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
	} {
		_, err := parse(t, test.args...)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q gave %v, want %q", test.args, err, test.want)
		}
	}
}

func TestRightValuesPass(t *testing.T) {
	s, err := parse(t, "run", "--duration", "45s", "--rtt", "80ms", "--calls", "20", "--loss", "0.5", "--region", "x", "--", "--region")
	if err != nil || s.Run.Duration != 45*time.Second || *s.Run.RTT != 80*time.Millisecond || s.Run.Calls != 20 || s.Run.Loss != 0.5 {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestWordsForFlags(t *testing.T) {
	for given, want := range map[string]string{
		"help": "--help", "help run": "run --help", "version": "--version", "version run": "version run", "run help": "run help", "": "",
	} {
		if got := Words(strings.Fields(given)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
