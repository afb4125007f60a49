//go:build !linux && !windows

package pc

import "time"

const (
	stealIsTold    = false
	trafficIsCheap = false // the counters of interfaces take a program of their own
)

func readPressure() *float64        { return nil }
func readThrottled() *float64       { return nil }
func readUDP() *udpErrors           { return nil }
func suspended() time.Duration      { return 0 }
func power() (saver, battery *bool) { return nil, nil }

// sleptOffMonotonic is not known here, as sleeps are not.
func sleptOffMonotonic(time.Duration) time.Duration { return 0 }
