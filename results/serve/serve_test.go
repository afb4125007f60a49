package serve_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"gocloud.dev/blob/fileblob"

	"netready/probe"
	"netready/probe/contact"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/report"
	"netready/results"
	"netready/results/serve"
	"netready/results/store"
	"netready/thresholds"
)

// far is a responder with a store in a folder.
type far struct {
	*responder.Server
	tokens *tokens.Store
	store  *store.Store
	log    *bytes.Buffer // of the store, and of what takes results
}

func start(t *testing.T) far {
	t.Helper()
	return startIn(t, t.TempDir())
}

// startIn is start with the folder of the store.
func startIn(t *testing.T, dir string) far {
	t.Helper()
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	f := far{log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(f.log, nil))
	f.store = store.New(bucket, store.Options{Log: log, Folder: dir})
	if f.tokens, err = tokens.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	c := responder.Local()
	c.Tokens = f.tokens
	c.Results = func(s *responder.Server) http.Handler {
		return serve.New(serve.Config{
			Store: f.store, OrgOf: s.OrgOf, Log: log,
			Trusts: func(id string) bool { return id == facts.KeyID(s.SigningKey()) },
		})
	}
	if f.Server, err = responder.Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// invited is an invite for an organisation.
func (f far) invited(t *testing.T, asked tokens.Token) invite.Invite {
	t.Helper()
	secret, _, err := f.tokens.Make(asked, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	to := f.Invite()
	to.Token = secret
	return to
}

// run makes a result with an invite, as an agent does: the whole of it, and its JSON.
func run(t *testing.T, to invite.Invite, parts ...string) (report.Report, []byte) {
	t.Helper()
	limits := thresholds.Default()
	local, err := regions.Default()
	if err != nil {
		t.Fatal(err)
	}
	region, err := local.Find(regions.Local)
	if err != nil {
		t.Fatal(err)
	}
	r, err := probe.Run(t.Context(), probe.Plan{
		Region: region, Regions: local, Responders: []invite.Invite{to}, Organization: "As the user says", Duration: time.Second, Codec: "pcmu", Calls: 1,
		JitterBuffer: 60 * time.Millisecond, Parts: parts, Version: "test",
		Digests: func(r facts.Result) (facts.Digests, error) { return report.Digests(report.New(r, limits)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	rep := report.New(r, limits)
	return rep, written(t, rep)
}

func written(t *testing.T, rep report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, rep); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// post sends a body, and returns what was accepted or the code of the refusal.
func post(t *testing.T, to invite.Invite, query string, body []byte) (accepted results.Accepted, code string) {
	t.Helper()
	conn, err := contact.Open(t.Context(), to, &http.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := conn.Do(t.Context(), http.MethodPost, results.PathResults+query, bytes.NewReader(body))
	if refused, ok := errors.AsType[*contact.Refused](err); ok {
		return accepted, refused.Code
	}
	if err != nil {
		return accepted, err.Error()
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || json.Unmarshal(b, &accepted) != nil {
		t.Fatal(err, string(b))
	}
	return accepted, ""
}

func (f far) stored(t *testing.T) (keys []string) {
	t.Helper()
	for one, err := range f.store.List(t.Context(), results.Query{}, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, one.Key)
	}
	return keys
}

// An honest result is stored under the organisation of its invite, once.
func TestAResultIsStoredOnce(t *testing.T) {
	f := start(t)
	acme := f.invited(t, tokens.Token{Org: "ACME"})
	_, raw := run(t, acme, facts.PartPing)
	first, code := post(t, acme, "", raw)
	if code != "" || first.Same || !strings.Contains(first.Key, "/org=ACME/") {
		t.Fatalf("%+v, %q", first, code)
	}
	if again, code := post(t, acme, "", raw); code != "" || !again.Same || again.Key != first.Key {
		t.Errorf("again: %+v, %q", again, code)
	}
	there, err := f.store.Read(t.Context(), first.Key)
	if err != nil || !bytes.Equal(there, raw) {
		t.Errorf("what is stored is not what was sent: %v", err)
	}
	_, own := run(t, f.Invite(), facts.PartPing)
	if got, code := post(t, f.Invite(), "?invite=", own); code != "" || !strings.Contains(got.Key, "/org=As") {
		t.Errorf("with the operator's own invite: %+v, %q", got, code)
	}
	if keys := f.stored(t); len(keys) != 2 {
		t.Errorf("stored are %v", keys)
	}
}

// Anything that is not an honest result of this responder is refused by its code, and
// leaves nothing behind.
func TestWhatIsNoHonestResultIsRefusedByName(t *testing.T) {
	f, other := start(t), start(t)
	acme, rival, reader := f.invited(t, tokens.Token{Org: "ACME"}), f.invited(t, tokens.Token{Org: "Rival"}), f.invited(t, tokens.Token{Org: "ACME", Right: tokens.Read})
	id, _, _ := strings.Cut(acme.Token, "~")
	rep, raw := run(t, acme, facts.PartPing)
	_, foreign := run(t, other.Invite(), facts.PartPing)
	unsigned := func(change func(*report.Report)) []byte {
		r := rep
		r.Signature = facts.Signature{Code: facts.UnsignedFailed}
		change(&r)
		return written(t, r)
	}
	same := unsigned(func(*report.Report) {})
	stripped := func(change func(*facts.Signature)) []byte {
		r := rep
		change(&r.Signature)
		return written(t, r)
	}
	if _, code := post(t, acme, "", same); code != "" {
		t.Fatalf("an honest result without a signature: %q", code)
	}
	before := len(f.stored(t))
	for name, c := range map[string]struct {
		to   invite.Invite
		body []byte
		want string
	}{
		"nothing":                       {acme, nil, results.NotResult},
		"a picture":                     {acme, []byte("\x89PNG\r\n\x1a\n"), results.NotResult},
		"JSON of something else":        {acme, []byte(`{"hello":"world"}`), results.NotResult},
		"half a result":                 {acme, raw[:len(raw)/2], results.NotResult},
		"two results":                   {acme, append(bytes.Clone(raw), raw...), results.NotResult},
		"a list of results":             {acme, []byte("[" + string(raw) + "]"), results.NotResult},
		"a field twice":                 {acme, bytes.Replace(same, []byte("{"), []byte(`{"verdict":"ready",`), 1), results.NotResult},
		"nested deeply":                 {acme, []byte(`{"a":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + "}"), results.NotResult},
		"nested within a result":        {acme, bytes.Replace(same, []byte("{"), []byte(`{"a":`+strings.Repeat(`{"a":`, 500)+"1"+strings.Repeat("}", 500)+","), 1), results.NotResult},
		"three million values":          {acme, bytes.Replace(same, []byte("{"), []byte(`{"a":[`+strings.Repeat("0,", 3<<20)+"0],"), 1), results.NotResult},
		"too large":                     {acme, bytes.Repeat([]byte(" "), results.Largest+1), results.TooLarge},
		"a path for a run ID":           {acme, unsigned(func(r *report.Report) { r.RunID = "../../../../etc/passwd" }), results.NotResult},
		"a start that is not its run's": {acme, unsigned(func(r *report.Report) { r.StartedAt = r.StartedAt.AddDate(0, 0, 1) }), results.NotResult},
		"a long region":                 {acme, unsigned(func(r *report.Report) { r.Region.ID = strings.Repeat("r", 500) }), results.NotResult},
		"of a later schema":             {acme, unsigned(func(r *report.Report) { r.Schema = facts.SchemaVersion + 1 }), results.NewerSchema},
		"of no schema":                  {acme, unsigned(func(r *report.Report) { r.Schema = 0 }), results.OlderSchema},
		"edited":                        {acme, bytes.Replace(raw, []byte("As the user says"), []byte("As somebody says"), 1), results.Edited},
		"signed by another responder":   {acme, foreign, results.Foreign},
		"of another organisation":       {rival, raw, results.OtherInvite},
		"of nobody's invite":            {rival, stripped(func(s *facts.Signature) { s.Holder = "" }), results.OtherInvite},
		"with a reader's invite":        {reader, raw, results.ReadOnly},
		"other content of a run":        {acme, unsigned(func(r *report.Report) { r.Location = "elsewhere" }), results.OtherContent},
	} {
		if _, code := post(t, c.to, "", c.body); code != c.want {
			t.Errorf("%s: %q, want %q", name, code, c.want)
		}
	}
	for query, want := range map[string]string{"?invite=": results.OtherInvite, "?invite=nobody": results.OtherInvite, "?invite=" + id: ""} {
		if _, code := post(t, acme, query, same); code != want {
			t.Errorf("%s: %q, want %q", query, code, want)
		}
	}
	if _, code := post(t, rival, "?invite="+id, same); code != results.OtherInvite {
		t.Errorf("a waiting result of ACME with Rival's invite: %q", code)
	}
	if after := f.stored(t); len(after) != before {
		t.Errorf("%d results are stored, %d before", len(after), before)
	}
}

// A run of a computer whose clock is years off is refused by name, and in words that say
// what to do; the responder's clock decides, and its bounds are what the docs say.
func TestARunThatBeganAtNoSensibleTimeIsRefused(t *testing.T) {
	f := start(t)
	acme := f.invited(t, tokens.Token{Org: "ACME"})
	rep, _ := run(t, acme, facts.PartPing)
	rep.Signature = facts.Signature{Code: facts.UnsignedFailed}
	now := time.Now().UTC()
	aYearAgo, inTwoDays := now.AddDate(-1, 0, 0), now.Add(48*time.Hour)
	for name, c := range map[string]struct {
		at   time.Time
		want string
	}{
		"in 2015":               {time.Date(2015, 3, 1, 9, 0, 0, 0, time.UTC), results.WrongClock},
		"over a year ago":       {aYearAgo.Add(-time.Minute), results.WrongClock},
		"not quite a year ago":  {aYearAgo.Add(time.Minute), ""},
		"now":                   {now, ""},
		"in not quite two days": {inTwoDays.Add(-time.Minute), ""},
		"in more than two days": {inTwoDays.Add(time.Minute), results.WrongClock},
		"in 2099":               {time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC), results.WrongClock},
		"before there were any": {time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC), results.WrongClock},
	} {
		if _, code := post(t, acme, "", began(t, rep, c.at)); code != c.want {
			t.Errorf("%s: %q, want %q", name, code, c.want)
		}
	}
	if keys := f.stored(t); len(keys) != 3 {
		t.Errorf("stored are %v", keys)
	}
	conn, err := contact.Open(t.Context(), acme, &http.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Do(t.Context(), http.MethodPost, results.PathResults, bytes.NewReader(began(t, rep, time.Date(2015, 3, 1, 9, 0, 0, 0, time.UTC))))
	if said := fmt.Sprint(err); !strings.Contains(said, "2015-03-01 09:00 UTC") || !strings.Contains(said, "set that clock and run again") {
		t.Errorf("it says %q", said)
	}
}

// began is a result as if its run had begun at another time.
func began(t *testing.T, rep report.Report, at time.Time) []byte {
	t.Helper()
	rep.StartedAt, rep.FinishedAt = at, at.Add(30*time.Second)
	rep.RunID = ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String()
	return written(t, rep)
}

// With an invite whose runs are used up only what was signed here is stored.
func TestAUsedUpInviteStoresNothingUnsigned(t *testing.T) {
	f := start(t)
	acme := f.invited(t, tokens.Token{Org: "ACME", MaxRuns: 1})
	rep, raw := run(t, acme, facts.PartPing)
	unsigned := rep
	unsigned.Signature = facts.Signature{Code: facts.UnsignedFailed}
	if _, code := post(t, acme, "", written(t, unsigned)); code != results.Unsigned {
		t.Errorf("without a signature: %q, want %q", code, results.Unsigned)
	}
	if _, code := post(t, acme, "", raw); code != "" {
		t.Errorf("its last run: %q", code)
	}
}

// gone is a reader that goes away once it has all but the last bytes.
type gone struct{ *httptest.ResponseRecorder }

func (g gone) Write(b []byte) (int, error) {
	n, _ := g.ResponseRecorder.Write(b[:len(b)-1])
	return n, io.ErrClosedPipe
}

// Whoever reads stands in the access log: one that goes away before the last byte, and one
// that asks for the keys alone.
func TestNoReadingIsLeftOutOfTheAccessLog(t *testing.T) {
	f := start(t)
	acme := f.invited(t, tokens.Token{Org: "ACME"})
	_, raw := run(t, acme, facts.PartPing)
	if _, code := post(t, acme, "", raw); code != "" {
		t.Fatal(code)
	}
	pages := serve.NewPages(f.store, slog.New(slog.DiscardHandler))
	for _, c := range []struct{ query, want string }{{"", `of=""`}, {"?keys=1", `of="keys=1"`}} {
		f.log.Reset()
		r := httptest.NewRequestWithContext(responder.WithHolder(t.Context(), responder.Holder{TokenID: "reader", Reads: true}), http.MethodGet, results.PathResults+c.query, nil)
		func() {
			defer func() { _ = recover() }() // the answer is cut short
			pages.ServeHTTP(gone{httptest.NewRecorder()}, r)
		}()
		if seen := f.log.String(); !strings.Contains(seen, "by=reader") || !strings.Contains(seen, c.want) || !strings.Contains(seen, "results=1") {
			t.Errorf("%q: the access log: %q", c.query, seen)
		}
	}
}

// Many hostile bodies at once disturb neither a call beside them nor the next result.
func TestHostileUploadsDisturbNobody(t *testing.T) {
	f := start(t)
	acme := f.invited(t, tokens.Token{Org: "ACME"})
	body := []byte(`{"schema":1,"a":"` + strings.Repeat("x", results.Largest-100) + `"}`)
	ended := make(chan struct{})
	var attackers sync.WaitGroup
	for range 12 {
		attackers.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					if _, code := post(t, acme, "", body); code == "" {
						t.Error("a hostile result was stored")
					}
				}
			}
		})
	}
	rep, raw := run(t, acme, facts.PartVoice)
	close(ended)
	attackers.Wait()
	if !rep.Complete || rep.Voice.Up == nil || rep.Voice.Down == nil || rep.Voice.Up.Received == 0 || rep.Voice.Down.Received == 0 {
		t.Errorf("the call beside: complete %v, up %v, down %v", rep.Complete, rep.Voice.Up, rep.Voice.Down)
	}
	if _, code := post(t, acme, "", raw); code != "" {
		t.Errorf("an honest result afterwards: %q", code)
	}
	if keys := f.stored(t); len(keys) != 1 {
		t.Errorf("stored are %v", fmt.Sprint(keys))
	}
}

// TestNoLineOfTheLogJoinsARunAndAnAddress: --anonymous leaves addresses out of a result, and
// the log gave that of its sender.
func TestNoLineOfTheLogJoinsARunAndAnAddress(t *testing.T) {
	f := start(t)
	to := f.invited(t, tokens.Token{Org: "ACME"})
	rep, raw := run(t, to, "ping")
	other := rep
	other.Signature, other.Location = facts.Signature{}, "elsewhere"
	for _, c := range []struct {
		body []byte
		code string
	}{{raw, ""}, {raw, ""}, {written(t, other), results.OtherContent}, {[]byte("{}"), results.NotResult}, {[]byte("x"), results.NotResult}} {
		if _, code := post(t, to, "", c.body); code != c.code {
			t.Errorf("%q, want %q", code, c.code)
		}
	}
	runs, addresses := 0, 0
	for line := range strings.Lines(f.log.String()) {
		names, from := strings.Contains(line, rep.RunID), strings.Contains(line, "127.0.0.1")
		if names {
			runs++
		}
		if from {
			addresses++
		}
		if names && from {
			t.Errorf("a run and an address: %s", line)
		}
	}
	if runs != 3 || addresses != 2 {
		t.Errorf("%d lines name the run, %d an address, want 3 and 2: %s", runs, addresses, f.log)
	}
}
