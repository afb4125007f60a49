package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// The terminal showed "sending" and then nothing for up to a minute.
func TestNobodyWaitsForTheSendingWithoutAWord(t *testing.T) {
	for seconds, want := range map[int]int{0: 0, 9: 0, 35: 3} {
		synctest.Test(t, func(t *testing.T) {
			said := 0
			d := &delivery{tell: func(n news) {
				if n.state == underWay {
					said++
				}
			}}
			d.whileWaiting("voice.example.com:8443", func() { time.Sleep(time.Duration(seconds) * time.Second) })
			if said != want {
				t.Errorf("sending for %d s: said %d times, want %d", seconds, said, want)
			}
		})
	}
}
