package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/responder"
	"netready/report"
)

// signedRun is a run against a responder of this test: the paths of its TXT and
// JSON, and the responder's key.
func signedRun(t *testing.T) (txt, js, key string) {
	t.Helper()
	identity, err := responder.LoadIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config := responder.Local()
	config.Identity = identity
	server, err := responder.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dir := t.TempDir()
	var out, errs bytes.Buffer
	status := run(t.Context(), []string{"run", "--responder", server.Invite().String(), "--only", "voice", "--duration", "1s", "--org", "Müller <& Söhne>", "--out", dir}, nil, &out, &errs)
	if status == exitUsage {
		t.Fatalf("%s%s", out.String(), errs.String())
	}
	texts, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	documents, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	if len(texts) != 1 || len(documents) != 1 {
		t.Fatalf("%v %v", texts, documents)
	}
	return texts[0], documents[0], facts.KeyID(server.SigningKey())
}

// verifyFile is netready verify of a file with this text.
func verifyFile(t *testing.T, name, text string, args ...string) (status int, v verified) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"verify", "--json", path}, args...), nil, &out, &errs)
	var all []verified
	if err := json.Unmarshal(out.Bytes(), &all); err != nil || len(all) != 1 {
		t.Fatalf("%s: %v\n%s%s", name, err, out.String(), errs.String())
	}
	return status, all[0]
}

func readAll(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// edits are what somebody may do to a result's figures.
var edits = []struct{ name, find, put string }{
	{"MOS", `"mos": 4\.(\d+)`, `"mos": 3.$1`},
	{"loss", `"loss_percent": 0\b`, `"loss_percent": 1`},
	{"jitter", `"jitter_ms": [0-9.]+`, `"jitter_ms": 0.5`},
	{"verdict", `"verdict": "\w+"`, `"verdict": "not_ready"`},
	{"machine", `"hostname": "[^"]*"`, `"hostname": "another"`},
	{"run ID", `"run_id": "0`, `"run_id": "1`},
	{"start", `"started_at": "20`, `"started_at": "21`},
	{"a limit", `"below": 30`, `"below": 31`},
	{"a field more", `"schema": 1,`, `"schema": 1, "note": "x",`},
	{"a field twice", `"complete": true`, `"complete": true, "complete": true`},
	{"the count", `"up_packets": \d+`, `"up_packets": 7000`},
	{"the time of signing", `"signed_at": "20`, `"signed_at": "21`},
	{"the key's name", `"key_id": ".{6}`, `"key_id": "______`}, // one of many names has these already
}

// An edited MOS, and every other edited fact, is detected in the JSON; another layout does
// not count as an edit.
func TestEditedResultIsSeen(t *testing.T) {
	_, js, key := signedRun(t)
	whole := readAll(t, js)
	status, v := verifyFile(t, "a.json", whole, "--key", key, "--signed")
	if status != 0 || v.Status != string(report.SignedWhole) || v.KeyID != key || v.UpPackets != 50 || v.Machine == "" || !strings.HasPrefix(v.Tool, "netready ") {
		t.Fatalf("exit status %d, %+v", status, v)
	}
	var small bytes.Buffer
	if err := json.Compact(&small, []byte(whole)); err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]string{"compact": small.String(), "CRLF": strings.ReplaceAll(whole, "\n", "\r\n"), "with a mark": "\ufeff" + whole} {
		if status, v := verifyFile(t, "b.json", same, "--signed"); status != 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for _, edit := range edits {
		changed := regexp.MustCompile(edit.find).ReplaceAllString(whole, edit.put)
		if changed == whole {
			t.Errorf("%s is not in the result", edit.name)
			continue
		}
		if status, v := verifyFile(t, "c.json", changed); status != exitNotReady || v.Status != string(report.SignedEdited) {
			t.Errorf("%s: exit status %d, %+v", edit.name, status, v)
		}
	}
	if status, v := verifyFile(t, "d.json", whole, "--key", strings.Repeat("A", 43)); status != exitNotReady || v.Status != verifiedOtherKey {
		t.Errorf("another key: %d, %+v", status, v)
	}
	unsigned := regexp.MustCompile(`(?s)"signature": \{.*?\},`).ReplaceAllString(whole, "")
	if status, v := verifyFile(t, "e.json", unsigned); status != 0 || v.Status != string(report.SignedNot) {
		t.Errorf("signature taken out: %d, %+v", status, v)
	}
	if status, _ := verifyFile(t, "e.json", unsigned, "--signed"); status != exitNotReady {
		t.Errorf("--signed lets a result without a signature pass: %d", status)
	}
	if status, v := verifyFile(t, "f.json", whole[:len(whole)/2]); status != exitNotReady || v.Status != verifiedDamaged {
		t.Errorf("cut short: %d, %+v", status, v)
	}
}

// In the TXT too: the printed figures and the row, even if the checksum was computed again.
func TestEditedTextIsSeen(t *testing.T) {
	txt, _, _ := signedRun(t)
	whole := readAll(t, txt)
	if status, v := verifyFile(t, "a.txt", whole, "--signed"); status != 0 {
		t.Fatalf("exit status %d, %+v", status, v)
	}
	if status, v := verifyFile(t, "b.txt", strings.ReplaceAll(whole, "\r\n", "\n"), "--signed"); status != 0 {
		t.Errorf("LF: %+v", v)
	}
	for name, edit := range map[string][2]string{
		"MOS": {`4\.(\d+) MOS`, `4.9$1 MOS`}, "the row's MOS": {`\t4\.(\d+)\t`, "\t4.9$1\t"}, "verdict": {"Complete\tyes", "Complete\tno"},
		"organization": {"Organization\tM", "Organization\tN"}, "a second signature": {"Signature\t", "Signature\tsig1.e30\r\nSignature\t"},
		"signature": {"sig1\\.e", "sig1.f"},
	} {
		changed := withChecksum(t, regexp.MustCompile(edit[0]).ReplaceAllString(whole, edit[1]))
		if changed == whole {
			t.Errorf("%s is not in the TXT", name)
		}
		if status, v := verifyFile(t, "c.txt", changed); status != exitNotReady || v.Status != string(report.SignedEdited) {
			t.Errorf("%s: exit status %d, %+v", name, status, v)
		}
	}
}

// withChecksum puts the right checksum under a changed TXT, as somebody who edits it can.
func withChecksum(t *testing.T, text string) string {
	t.Helper()
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	body, _, ok := strings.Cut(text, report.TextLast)
	if !ok {
		t.Fatal("no checksum")
	}
	return body + report.TextLast + "\t" + sha256Hex(body) + "\n"
}

// merge marks unsigned and edited runs, and prefers the file that is unchanged.
func TestMergeMarksEditedAndUnsigned(t *testing.T) {
	txt, js, key := signedRun(t)
	dir := t.TempDir()
	edited := regexp.MustCompile(`"mos": 4\.(\d+)`).ReplaceAllString(readAll(t, js), `"mos": 3.$1`)
	other := regexp.MustCompile(`"run_id": "\w{4}`).ReplaceAllString(regexp.MustCompile(`(?s)"signature": \{.*?\},`).ReplaceAllString(readAll(t, js), ""), `"run_id": "01AA`)
	third := strings.Replace(edited, `"run_id": "01`, `"run_id": "02`, 1)
	for name, text := range map[string]string{"a.json": edited, "a.txt": readAll(t, txt), "b.json": other, "c.json": third} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"merge", dir, "-o", filepath.Join(t.TempDir(), "o.xlsx"), "--json", "-", "-q"}, nil, &out, &errs); status != 0 {
		t.Fatalf("exit status %d %s", status, errs.String())
	}
	var rows []map[string]any
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	got := map[string]string{}
	for _, row := range rows {
		remark, _ := row["Remarks"].(string)
		got[filepath.Base(row["Source"].(string))] = row["Signature"].(string) + "/" + remark
	}
	for source, want := range map[string]string{"a.txt": "signed by " + key[:8] + "/", "b.json": "unsigned/", "c.json": "edited/file was edited"} {
		if got[source] != want {
			t.Errorf("%s: %q, want %q (all: %v)", source, got[source], want, got)
		}
	}
}

// A copy without its signature is never preferred to the file that has it, whatever the
// names and the formats.
func TestMergeBelievesTheSignedFile(t *testing.T) {
	txt, js, key := signedRun(t)
	stripped := regexp.MustCompile(`(?s)"signature": \{.*?\},`).ReplaceAllString(readAll(t, js), "")
	for signed, text := range map[string]string{"z.txt": readAll(t, txt), "z.json": readAll(t, js)} {
		dir := t.TempDir()
		for name, text := range map[string]string{"a.json": stripped, signed: text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var out, errs bytes.Buffer
		run(t.Context(), []string{"merge", dir, "-o", filepath.Join(t.TempDir(), "o.xlsx"), "--json", "-", "-q"}, nil, &out, &errs)
		var rows []map[string]any
		if err := json.Unmarshal(out.Bytes(), &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
		}
		if source := filepath.Base(rows[0]["Source"].(string)); source != signed || rows[0]["Signature"] != "signed by "+key[:8] {
			t.Errorf("it believes %s (%v), want %s", source, rows[0]["Signature"], signed)
		}
	}
}

// A script whose variable is not set must not accept every key.
func TestVerifyNeedsTheKeyThatItIsGiven(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"verify", "--signed", "--key", "", "r.json"}, nil, &out, &errs); status != exitUsage || !strings.Contains(errs.String(), "--key") {
		t.Errorf("exit status %d, %q", status, errs.String())
	}
}

// A file that is not there, or a folder, is not called a damaged result.
func TestWhatCannotBeReadIsNotDamaged(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{dir: "it is a folder: name the files in it", filepath.Join(dir, "none.json"): "cannot be read"} {
		var out, errs bytes.Buffer
		status := run(t.Context(), []string{"verify", name}, nil, &out, &errs)
		if status != exitNotReady || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "damaged") || strings.Count(out.String(), name) > 2 {
			t.Errorf("%s: exit status %d, %q, %q", name, status, out.String(), errs.String())
		}
	}
}

// A run that nobody signs says why, and verify does not call it damaged.
func TestUnsignedRunSaysWhy(t *testing.T) {
	dir := t.TempDir()
	run(t.Context(), []string{"run", "--region", "local", "--only", "voice", "--duration", "1s", "--quiet", "--out", dir}, nil, io.Discard, io.Discard)
	for _, pattern := range []string{"*.json", "*.txt"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		if len(found) != 1 {
			t.Fatalf("%d files %s", len(found), pattern)
		}
		if status, v := verifyFile(t, "a"+filepath.Ext(found[0]), readAll(t, found[0])); status != 0 || v.Status != string(report.SignedNot) || !strings.Contains(v.Text, "region local") {
			t.Errorf("%s: %d, %+v", pattern, status, v)
		}
	}
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
