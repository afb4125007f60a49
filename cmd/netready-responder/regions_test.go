package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/regions"
)

// cloudFormation is what aws cloudformation describe-stacks prints of a stack.
func cloudFormation(status, region, host, place string) string {
	return fmt.Sprintf(`{"Stacks":[
 {"StackName":"other","StackStatus":"ROLLBACK_COMPLETE","Outputs":[{"OutputKey":"Queue","OutputValue":"q"}]},
 {"StackId":"arn","StackName":"responder","StackStatus":%q,"Tags":[],"Outputs":[
  {"OutputKey":"Region","OutputValue":%q,"Description":"d"},{"OutputKey":"Address","OutputValue":"a"},
  {"OutputKey":"Responder","OutputValue":%q},{"OutputKey":"InvitePlace","OutputValue":%q}]}]}`, status, region, host, place)
}

func terraform(region, host string) string {
	return fmt.Sprintf(`{"region":%q,"address":"a","responder":%q,"invite_place":"s3://b/invite.txt"}`, region, host)
}

// The outputs of stacks, in all forms of CloudFormation and Terraform, make a list whose
// other regions, checks and comments have not changed.
func TestRegionsFromStacks(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 1))
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	host := func() string { return fmt.Sprintf("198.51.100.%d:%d", 1+r.IntN(250), 1024+r.IntN(60000)) }
	a, b, c, d, e := host(), "["+"2001:db8::7]:8443", host(), "voice.example.com:8443", host()
	link := "https://" + a + "/i#2345678901234567890123." + strings.Repeat("A", 43)
	file("eu-central-1.txt", link+"\n")
	out, said, status := does(t, "regions", "--invites", dir,
		file("one.json", cloudFormation("UPDATE_COMPLETE", "eu-central-1", a, "s3://a/invite.txt")),
		file("two.json", `{"region":{"sensitive":false,"type":"string","value":"us-east-1"},"address":{"value":"x"},"responder":{"value":"`+b+`"},"invite_place":{"value":"s3://b/i"}}`),
		file("three.json", `{"tokyo":{"sensitive":false,"type":["object",{}],"value":`+terraform("ap-northeast-1", c)+`},"all":{"value":{"x":`+
			terraform("us-east-1", d)+`,"y":`+terraform("mars-north-1", e)+`}},"count":{"value":3}}`))
	if status != 0 || strings.Count(said, "\n") != 4 || !strings.Contains(said, "us-east-1: no invite") {
		t.Fatalf("status %d: %s", status, said)
	}
	list, err := regions.Parse("made", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	built, err := regions.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"eu-central-1": link, "us-east-1": b + " " + d, "ap-northeast-1": c, "mars-north-1": e}
	for _, region := range list.Regions {
		if got := strings.Join(region.Invites, " "); got != want[region.ID] {
			t.Errorf("%s: %q, want %q", region.ID, got, want[region.ID])
		}
	}
	if len(list.Regions) != len(built.Regions)+1 || len(list.Checks) != len(built.Checks) || !strings.Contains(out, "# docs/regions.md explains") {
		t.Errorf("%d regions, %d checks: %.300s", len(list.Regions), len(list.Checks), out)
	}
	made := filepath.Join(dir, "made.yaml")
	if _, said, status := does(t, "regions", "-o", made, filepath.Join(dir, "one.json")); status != 0 {
		t.Fatal(said)
	}
	if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
}

// An error in the outputs names the file and the field, and nothing is written.
func TestRegionsRefusesWrongOutputs(t *testing.T) {
	good := cloudFormation("CREATE_COMPLETE", "eu-central-1", "198.51.100.7:8443", "s3://a/i")
	for text, says := range map[string][]string{
		"":               {"JSON"},
		"[]":             {"JSON"},
		`{"Stacks":7}`:   {"Stacks"},
		`{"Stacks":[]}`:  {"no outputs of a responder"},
		`{"a":{"b":1}}`:  {"a has no value"},
		`{"a":null}`:     {"a has no value"},
		`{"a":"secret"}`: {"a has no value"},
		strings.Replace(good, "CREATE_COMPLETE", "CREATE_IN_PROGRESS", 1):                        {"Stacks[1] (responder)", "StackStatus", "wait"},
		strings.Replace(good, "CREATE_COMPLETE", "DELETE_COMPLETE", 1):                           {"StackStatus"},
		strings.Replace(good, `"Region"`, `"Regoin"`, 1):                                         {"Stacks[1] (responder).Outputs", "Region is missing"},
		strings.Replace(good, `"InvitePlace"`, `"X"`, 1):                                         {"InvitePlace is missing"},
		strings.Replace(good, "198.51.100.7:8443", "https://x", 1):                               {"Responder", "https://x"},
		strings.Replace(good, "eu-central-1", "../eu", 1):                                        {"Region", "../eu"},
		strings.Replace(good, "eu-central-1", "eu central", 1):                                   {"eu central"},
		`{"x":{"value":{"responder":"198.51.100.7:8443","invite_place":"s3://b/i"}}}`:            {": x: region is missing"},
		`{"m":{"value":{"k":{"region":"r","responder":"198.51.100.7","invite_place":"s3://"}}}}`: {": m.k: responder", "198.51.100.7"},
	} {
		dir := t.TempDir()
		path, made := filepath.Join(dir, "stacks.json"), filepath.Join(dir, "made.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, said, status := does(t, "regions", "-o", made, path)
		_, err := os.Stat(made)
		if status != 2 || out != "" || strings.Count(said, "\n") != 1 || err == nil {
			t.Errorf("%q: status %d, %q, %q, %v", text, status, out, said, err)
		}
		for _, words := range append(says, "stacks.json") {
			if !strings.Contains(said, words) && (words != "stacks.json" || !strings.Contains(said, "list")) {
				t.Errorf("%q: %q does not say %q", text, said, words)
			}
		}
	}
}

// An invite of another host, or one given twice, is not used for this host.
func TestRegionsRefusesWrongInvites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "stacks.json")
	if err := os.WriteFile(path, []byte(cloudFormation("CREATE_COMPLETE", "eu-central-1", "198.51.100.7:8443", "s3://a/i")), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		"https://198.51.100.8:8443/i#2345678901234567890123." + strings.Repeat("A", 43): "s3://a/i",
		"hello": "eu-central-1.txt",
		"":      "eu-central-1.txt",
	} {
		if err := os.WriteFile(filepath.Join(dir, "eu-central-1.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, said, status := does(t, "regions", "--invites", dir, path); status != 2 || out != "" || !strings.Contains(said, says) || strings.Contains(said, "2345678901234567890123") {
			t.Errorf("%q: status %d, %q, %q", text, status, out, said)
		}
	}
	if _, said, status := does(t, "regions", path, path); status != 2 || !strings.Contains(said, "duplicate") {
		t.Errorf("a stack twice: %d, %q", status, said)
	}
}
