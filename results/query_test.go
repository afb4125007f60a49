package results

import (
	"net/url"
	"testing"
	"time"
)

func TestATimeIsReadAsAPersonGivesIt(t *testing.T) {
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.FixedZone("CET", 3600))
	for text, want := range map[string]string{
		"7d": "2026-11-19T07:00:00Z", "36h": "2026-11-24T19:00:00Z", "0.5d": "2026-11-25T19:00:00Z", "0s": "2026-11-26T07:00:00Z",
		"2026-11-01": "2026-11-01T00:00:00Z", "2026-11-01T08:00:00+02:00": "2026-11-01T06:00:00Z", " 1d ": "2026-11-25T07:00:00Z",
	} {
		if got, err := ParseTime(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-7d", "NaNd", "infd", "1e9d", "yesterday", "2026-13-01", "7", "-1h", "01.11.2026"} {
		if got, err := ParseTime(text, now); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestAQueryIsReadBackFromARequest(t *testing.T) {
	at := time.Date(2026, 11, 1, 8, 0, 0, 7, time.UTC)
	for _, q := range []Query{{}, {Since: at}, {Since: at, Until: at.Add(1), Org: "Łódź & Co=?", Region: "eu-central-1"}} {
		sent, err := url.ParseQuery(q.Values().Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseQuery(sent, at); err != nil || got != q {
			t.Errorf("%+v: %+v, %v", q, got, err)
		}
	}
	for _, bad := range []string{"since=x", "until=7", "since=2026-11-02&until=2026-11-01", "since=2026-11-02&until=2026-11-02"} {
		sent, _ := url.ParseQuery(bad)
		if got, err := ParseQuery(sent, at); err == nil {
			t.Errorf("%s: %+v, want an error", bad, got)
		}
	}
}

func TestAQueryHoldsFromSinceToBeforeUntil(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	q := Query{Since: day, Until: day.AddDate(0, 0, 1), Org: "A"}
	for at, want := range map[time.Time]bool{day: true, day.Add(-1): false, q.Until: false, q.Until.Add(-1): true} {
		if q.Holds(at, "A", "any") != want || q.Holds(at, "B", "any") {
			t.Errorf("%v: want %v for A, and never for B", at, want)
		}
	}
}
