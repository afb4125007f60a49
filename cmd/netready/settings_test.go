package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"netready/internal/cmdline"
	"netready/internal/seed"
)

// checked runs netready config check beside a settings file.
func checked(t *testing.T, file string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, settingsName), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	app := &app{Ctx: t.Context(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Folder: folder}
	status = app.report(app.dispatch(append([]string{"config", "check"}, args...)))
	return status, strings.ReplaceAll(out.String(), folder, "."), strings.ReplaceAll(errs.String(), folder, ".")
}

// inForce is the line of a key.
func inForce(t *testing.T, stdout, key string) string {
	t.Helper()
	for line := range strings.Lines(stdout) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == key {
			return strings.Join(words[1:], " ")
		}
	}
	t.Fatalf("no line of %s in\n%s", key, stdout)
	return ""
}

// Where every value comes from: the command line overrides the environment, which overrides
// the file, which overrides the default.
func TestEverySettingSaysWhereItComesFrom(t *testing.T) {
	file := "# for all offices\nregion: local\norg: Müller & Söhne\ncalls: 3\nduration: 12s\nfeatures: [sip-phones, byoc]\nno_bandwidth: true\nlisten: 127.0.0.1:7777\nthresholds: \n  limits.yaml\n"
	t.Setenv("NETREADY_INVITE", "")
	_, stdout, _ := checked(t, file, "--calls", "5", "run-is-not-named")
	if stdout != "" {
		t.Errorf("a wrong command line printed %q", stdout)
	}
	status, stdout, stderr := checked(t, strings.Replace(file, "thresholds: \n  limits.yaml\n", "", 1), "--calls", "5")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	for key, want := range map[string]string{
		"region": "local ./netready.yaml:2", "org": "Müller & Söhne ./netready.yaml:3", "calls": "5 command line", "duration": "12s ./netready.yaml:5",
		"features": "sip-phones,byoc ./netready.yaml:6", "no_bandwidth": "true ./netready.yaml:7", "listen": "127.0.0.1:7777 ./netready.yaml:8",
		"codec": "pcmu default", "thresholds": "(not set) default", "quiet": "false default", "no_browser": "false default",
	} {
		if got := inForce(t, stdout, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if status, _, stderr := checked(t, file); status != exitUsage || !strings.Contains(stderr, "./limits.yaml") {
		t.Errorf("a file of limits that is not beside the settings: %d, %s", status, stderr)
	}
}

// Every flag of run and ui is a key, a new one too: the list is the commands' own.
func TestEveryFlagIsAKey(t *testing.T) {
	program := newLine(t).program.Root
	flags := settingFlags(program)
	for _, command := range program.Commands() {
		for _, flag := range cmdline.Flags(command) {
			if command.Name() != "run" && command.Name() != "ui" || flag.Name == "config" {
				continue
			}
			if known := flagOfKey(flags, keyOf(flag)); known == nil {
				t.Errorf("--%s of %s is no key", flag.Name, command.Name())
			} else if known.Kind() != flag.Kind() {
				t.Errorf("--%s means one thing for run and another for ui", flag.Name)
			}
		}
	}
	for _, key := range []string{"region", "responder", "org", "location", "hours", "out", "listen", "ice", "turn_password_file"} {
		if flagOfKey(flags, key) == nil {
			t.Errorf("no key %s", key)
		}
	}
}

// A wrong file is refused with its line, whatever command reads it, and nothing is measured.
func TestWrongSettingsNameTheirLine(t *testing.T) {
	for file, want := range map[string]string{
		"regoin: local":                          `line 2: unknown key "regoin"; did you mean "region"?`,
		"no-bandwidth: true":                     `did you mean "no_bandwidth"?`,
		"config: other.yaml":                     "line 2: unknown key",
		"help: true":                             "line 2: unknown key",
		"calls: many":                            `line 2: calls: "many" is not a whole number`,
		"calls: 0x10":                            "line 2:",
		"calls: [1, 2]":                          "line 2: calls: found a list",
		"duration: 30":                           "line 2: duration: 30 has no unit",
		"no_bandwidth: perhaps":                  "line 2: no_bandwidth: found \"perhaps\" where true or false",
		"org: true":                              "line 2: org: found \"true\" where a text",
		"org:":                                   "line 2: org is empty",
		"org: ''":                                "line 2: org is empty",
		"features: []":                           "line 2: features is empty",
		"org: {name: x}":                         "line 2: org: found a mapping",
		"format: [html, pdf]":                    `line 2: format: "pdf" is not one of ` + strings.ReplaceAll(formatNames(), ",", ", "),
		"region: local\nregion: other":           "line 3: the key",
		"- region":                               "line 2: found a list",
		"location:\n - {host: a, place: b}":      `line 3: unknown key "place" in a rule`,
		"location:\n - {host: '[', location: b}": "line 3: host: \"[\" is not a pattern",
		"location:\n - {subnet: 10.1, location: b}":              "line 3: subnet: \"10.1\" is not a subnet",
		"location:\n - {subnet: 10.1.2.3/8, location: b}":        "line 3: subnet:",
		"location:\n - {host: a}":                                "line 3: the rule has no location",
		"location:\n - {location: a}\n - {host: b, location: c}": "line 3: location: this rule is for every machine",
		"location:\n - {host: [], location: c}":                  "line 3: host: the list is empty",
		"calls:\n - {host: nobody-has-this, calls: none}":        "line 3: calls: \"none\" is not a whole number",
		"location:\n - {host: a, location: b}\n - c":             "line 4: location: this is not a rule",
		"region: nowhere-1":                                      "netready config check prints the line of each",
	} {
		for _, command := range [][]string{{"config", "check"}, {"run"}} {
			folder := t.TempDir()
			path := filepath.Join(folder, "s.yaml")
			if err := os.WriteFile(path, []byte("# first\n"+file+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			app := &app{Ctx: t.Context(), Stdout: &out, Stderr: &errs, Folder: folder}
			status := app.report(app.dispatch(append(command, "--config", path, "--out", folder)))
			if status != exitUsage || !strings.Contains(errs.String(), want) || !strings.Contains(errs.String(), "s.yaml") {
				t.Errorf("%q to %v: exit status %d, %q, want %q", file, command, status, errs.String(), want)
			}
		}
	}
	if status, _, stderr := checked(t, "", "--config", "nowhere.yaml"); status != exitUsage || !strings.Contains(stderr, "--config: reading nowhere.yaml") {
		t.Errorf("no such file: %d, %s", status, stderr)
	}
}

// Rules choose a value by the machine's name or address: the first rule that matches.
func TestRulesChooseByMachine(t *testing.T) {
	file := `
location:
  - {host: "BER-*", subnet: 10.2.0.0/16, location: "Berlin, branch"}
  - {host: ["ber-*", "ham-??"], location: Berlin or Hamburg}
  - {subnet: [10.1.0.0/16, "2001:db8:1::/48"], location: Munich}
  - {location: somewhere}
calls:
  - {host: big, calls: 20}
`
	program := newLine(t).program.Root
	for _, test := range []struct{ host, address, location, calls string }{
		{"ber-pc1", "10.2.3.4", "Berlin, branch", ""},
		{"BER-PC1.corp.example", "10.1.3.4", "Berlin or Hamburg", ""},
		{"ham-07", "192.0.2.1", "Berlin or Hamburg", ""},
		{"ham-007", "10.1.255.9", "Munich", ""},
		{"x", "2001:db8:1::7", "Munich", ""},
		{"x", "2001:db8:2::7", "somewhere", ""},
		{"", "192.0.2.1", "somewhere", ""},
		{"big.corp.example", "192.0.2.1", "somewhere", "20"},
	} {
		s, err := parseSettings(settingFlags(program), "s.yaml", []byte(file), machine{test.host, []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr(test.address)}})
		if err != nil || s.values["location"].text != test.location || s.values["calls"].text != test.calls {
			t.Errorf("%s at %s: %q, %q calls, %v, want %q, %q", test.host, test.address, s.values["location"].text, s.values["calls"].text, err, test.location, test.calls)
		}
	}
}

// The secret of an invite is never printed, from wherever it came, right or
// mangled.
func TestSettingsHideSecrets(t *testing.T) {
	rng := rand.New(rand.NewPCG(seed.Of(t), 0))
	pin := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for range 5 {
		token := fmt.Sprintf("tok%x%x", rng.Uint64(), rng.Uint64())
		good := "https://r.example.com:8443/i#" + token + "." + pin
		for _, file := range []string{
			"responder: " + good, "responder: '" + good + "'", "responder: [" + good + "]", "responder: {a: " + good + "}", "org: " + good, "regions: " + good,
			"responder: i#" + token, "responder:\n - {host: '*', responder: '" + good + "'}", "calls: " + good, "quiet: " + good, "responder: http://" + good, good + ": x",
			"location:\n - {host: '*', loc: '" + good + "'}", "location:\n - {subnet: '" + good + "', location: x}", "responder: \"" + good, "only: " + good,
		} {
			for _, args := range [][]string{nil, {"run", "--responder", good}, {"ui", good}} {
				_, stdout, stderr := checked(t, file+"\n", args...)
				if strings.Contains(stdout+stderr, token) {
					t.Errorf("%q with %q printed\n%s%s", file, args, stdout, stderr)
				}
			}
		}
		t.Setenv("NETREADY_INVITE", good)
		if _, stdout, stderr := checked(t, "org: x\n"); strings.Contains(stdout+stderr, token) || inForce(t, stdout, "responder") != "https://r.example.com:8443/i#… environment NETREADY_INVITE" {
			t.Errorf("of the environment: %s%s", stdout, stderr)
		}
		t.Setenv("NETREADY_INVITE", "")
	}
}

// A file beside the program is used, --config overrides it, and files that it names are
// relative to its folder.
func TestSettingsBesideTheProgram(t *testing.T) {
	t.Setenv("NETREADY_INVITE", "")
	_, stdout, _ := checked(t, "org: Beside\nout: results\nresponder: '@invite.txt'\n")
	if inForce(t, stdout, "org") != "Beside ./netready.yaml:1" || inForce(t, stdout, "out") != "./results ./netready.yaml:2" || inForce(t, stdout, "responder") != "@./invite.txt ./netready.yaml:3" {
		t.Errorf("got\n%s", stdout)
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("org: Named\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ = checked(t, "org: Beside\n", "ui", "--config", other)
	if got := inForce(t, stdout, "org"); got != "Named "+other+":1" {
		t.Errorf("--config: %s", got)
	}
	if _, stdout, _ := checked(t, "# nothing\n"); inForce(t, stdout, "org") != "(not set) default" {
		t.Errorf("an empty file:\n%s", stdout)
	}
}

// A start by double-click, which is netready ui, offers the values of the file.
func TestPageTakesTheSettings(t *testing.T) {
	t.Setenv("NETREADY_INVITE", "")
	t.Setenv("HOME", t.TempDir())
	folder := t.TempDir()
	text := "region: local\norg: ACME\ncalls: 4\nduration: 17s\ncodec: g729\nout: r\nonly: [voice]\nresponder: https://r.example.com:8443/i#tokentokentokentoken." + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + "\n"
	if err := os.WriteFile(filepath.Join(folder, settingsName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	app := &app{Ctx: t.Context(), Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Folder: folder}
	read, err := app.read([]string{"ui"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := read.cli.UI.config(app)
	if err != nil || cfg.Given.Region != "local" || cfg.Given.Organization != "ACME" || cfg.Given.Calls != 4 || cfg.Given.Duration.Seconds() != 17 || cfg.Dir != filepath.Join(folder, "r") || cfg.Invite.Host != "r.example.com:8443" {
		t.Errorf("%+v, %v", cfg.Given, err)
	}
	run, err := app.read(read.cli.UI.asRun())
	if err != nil || run.cli.Run.Codec != "g729" || !slices.Equal(run.cli.Run.Only, []string{"voice"}) {
		t.Errorf("the page's runs: %+v, %v", run.cli.Run, err)
	}
}

const configPath = "../../docs/config.md"

// The table of docs/config.md is the flags' own definitions.
func TestConfigTable(t *testing.T) {
	program := newLine(t).program.Root
	var b strings.Builder
	b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	for _, flag := range settingFlags(program) {
		value := "`" + flag.Placeholder + "`"
		switch {
		case flag.IsBool():
			value = "`true` or `false`"
		case flag.Placeholder == "" && flag.Default != "":
			value = "as in `" + flag.Default + "`"
		case flag.Placeholder == "":
			value = "a number"
		}
		def := ""
		if flag.Default != "" {
			def = "`" + flag.Default + "`"
		}
		help := flag.Help
		if flag.Env != "" {
			help += " Environment: `" + flag.Env + "`."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", keyOf(flag), value, def, regexp.MustCompile(`[|<>]`).ReplaceAllString(help, `\$0`))
	}
	page, err := os.ReadFile(configPath)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSuffix(b.String(), "\n")
	if *update {
		page = replaced(t, page, "keys", want)
		if err := os.WriteFile(configPath, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := block(t, page, "keys"); strings.TrimSpace(got) != want {
		t.Errorf("the table of docs/config.md is not that of the flags: go test ./cmd/netready -run ConfigTable -update")
	}
}
