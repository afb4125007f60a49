package pc

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	stealIsTold    = false
	trafficIsCheap = true
)

var (
	kernel32       = windows.NewLazySystemDLL("kernel32.dll")
	tickCount      = kernel32.NewProc("GetTickCount64")
	unbiasedTime   = kernel32.NewProc("QueryUnbiasedInterruptTime")
	getPowerStatus = kernel32.NewProc("GetSystemPowerStatus")
)

func readPressure() *float64  { return nil }
func readThrottled() *float64 { return nil }
func readUDP() *udpErrors     { return nil }

// suspended is how long this machine has slept since it was started: one clock runs during a
// sleep, the other does not.
func suspended() time.Duration {
	if tickCount.Find() != nil || unbiasedTime.Find() != nil {
		return 0
	}
	ticks, _, _ := tickCount.Call() // ms
	var awake uint64                // 100 ns
	if ok, _, _ := unbiasedTime.Call(uintptr(unsafe.Pointer(&awake))); ok == 0 {
		return 0
	}
	return time.Duration(ticks)*time.Millisecond - time.Duration(awake)*100
}

// sleptOffMonotonic: the performance counter runs during a sleep, as the wall clock does.
func sleptOffMonotonic(time.Duration) time.Duration { return 0 }

// powerStatus is SYSTEM_POWER_STATUS.
type powerStatus struct {
	ACLineStatus        byte // 0: on battery, 1: on mains
	BatteryFlag         byte
	BatteryLifePercent  byte
	SystemStatusFlag    byte // 1: the battery saver is on
	BatteryLifeTime     uint32
	BatteryFullLifeTime uint32
}

func power() (saver, battery *bool) {
	var s powerStatus
	if ok, _, _ := getPowerStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 || s.ACLineStatus > 1 {
		return nil, nil
	}
	return new(s.SystemStatusFlag == 1), new(s.ACLineStatus == 0)
}
