package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHoursOfTheDay(t *testing.T) {
	for _, test := range []struct {
		hours, now string
		want       time.Duration
	}{
		{"9-12", "09:00:00", 0},
		{"9-12", "11:59:59", 0},
		{"9-12", "12:00:00", 21 * time.Hour},
		{"9-12,14-17", "12:30:00", 90 * time.Minute},
		{"9-12, 14:30-17", "14:29:30", 30 * time.Second},
		{"22-6", "23:00:00", 0},
		{"22-6", "05:59:00", 0},
		{"22-6", "06:00:00", 16 * time.Hour},
		{"0-24", "23:59:59", 0},
		{"22-24", "00:00:00", 22 * time.Hour},
		{"22-0", "23:00:00", 0},
	} {
		h, err := parseHours(strings.Split(test.hours, ","))
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse("2006-01-02 15:04:05", "2026-11-26 "+test.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.wait(now); got != test.want {
			t.Errorf("%s at %s: wait %v, want %v", test.hours, test.now, got, test.want)
		}
	}
	for _, bad := range []string{"9", "9-", "-12", "9-25", "9:60-10", "nine-ten", "9-9", "24-3", "", "9-12-15"} {
		if _, err := parseHours([]string{bad}); err == nil || !strings.Contains(err.Error(), "--hours") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A series waits for its hours; a single run outside of them, as a schedule
// starts it every hour, measures nothing and is not ready.
func TestRunsKeepTheirHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		h := hours{{time.Duration(began.Hour()+2) % 24 * time.Hour, time.Duration(began.Hour()+3) % 24 * time.Hour}}
		if !h.await(t.Context(), func(string, ...any) {}) || time.Since(began) < time.Hour || time.Since(began) > 2*time.Hour {
			t.Errorf("waited %v", time.Since(began))
		}
	})
	later := time.Now().Add(2*time.Hour).Format("15:04") + "-" + time.Now().Add(3*time.Hour).Format("15:04")
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"run", "--hours", later, "--out", t.TempDir()}, nil, &out, &errs); status != exitUndetermined || !strings.Contains(errs.String(), "--hours") {
		t.Errorf("exit status %d, %s%s", status, out.String(), errs.String())
	}
}
