package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// hours are the parts of a day in which runs may start; none: the whole day.
type hours []dayPart

// dayPart is from one time of the day to another, since midnight. It may end
// on the next day.
type dayPart struct{ from, to time.Duration }

const day = 24 * time.Hour

// parseHours reads parts of the day as in 9-12 or 08:30-12:00.
func parseHours(parts []string) (hours, error) {
	var all hours
	for _, part := range parts {
		begin, end, ok := strings.Cut(strings.TrimSpace(part), "-")
		from, err1 := timeOfDay(begin)
		to, err2 := timeOfDay(end)
		if !ok || err1 != nil || err2 != nil || from == to || from == day {
			return nil, fmt.Errorf("--hours %q: give parts of the day as in 9-12,14-17 or 08:30-12:00", part)
		}
		all = append(all, dayPart{from, to})
	}
	return all, nil
}

// timeOfDay reads 9, 09:30 or 24:00.
func timeOfDay(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if text == "24" || text == "24:00" {
		return day, nil
	}
	layout := "15"
	if strings.Contains(text, ":") {
		layout = "15:04"
	}
	t, err := time.Parse(layout, text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// wait is how long it takes until a run may start; 0: now.
func (h hours) wait(now time.Time) time.Duration {
	clock := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	least := day
	for _, part := range h {
		inside := part.from <= clock && clock < part.to
		if part.to < part.from { // over midnight
			inside = clock >= part.from || clock < part.to
		}
		if inside {
			return 0
		}
		least = min(least, (part.from-clock+day)%day)
	}
	if len(h) == 0 {
		return 0
	}
	return least
}

// await waits for the hours to begin; false where ctx ended first.
func (h hours) await(ctx context.Context, say func(string, ...any)) bool {
	for {
		wait := h.wait(time.Now())
		if wait == 0 {
			return true
		}
		say("the next run waits for --hours, %v from now", wait.Round(time.Second))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}
