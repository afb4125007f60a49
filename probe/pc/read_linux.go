package pc

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stealIsTold    = true
	trafficIsCheap = true
)

func text(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

func readPressure() *float64 { return parsePressure(text("/proc/pressure/cpu")) }

// readThrottled asks this program's control group. Without a quota it is 0.
func readThrottled() *float64 {
	group, isV2, ok := parseGroup(text("/proc/self/cgroup"))
	if !ok {
		return nil
	}
	root := "/sys/fs/cgroup/cpu"
	if isV2 {
		root = "/sys/fs/cgroup"
	}
	// A container may see its own group as the root.
	for _, dir := range []string{filepath.Join(root, filepath.Clean("/"+group)), root} {
		if t := parseThrottled(text(filepath.Join(dir, "cpu.stat"))); t != nil {
			return t
		}
	}
	return nil
}

func readUDP() *udpErrors {
	return parseUDP(text("/proc/self/net/snmp"), text("/proc/self/net/snmp6"))
}

// suspended is how long this machine has slept since it was started: the clocks
// differ by that (clock_gettime(2)).
func suspended() time.Duration {
	var with, without unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &without) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &with) != nil {
		return 0
	}
	return time.Duration(with.Nano() - without.Nano())
}

// sleptOffMonotonic is what a sleep adds to the difference of the wall clock and the
// monotonic one, which does not run during a sleep.
func sleptOffMonotonic(slept time.Duration) time.Duration { return slept }

// power reads what the firmware's profile and the power supplies say.
func power() (saver, battery *bool) {
	if profile := strings.TrimSpace(text("/sys/firmware/acpi/platform_profile")); profile != "" {
		saver = new(profile == "low-power" || profile == "quiet")
	}
	supplies, _ := filepath.Glob("/sys/class/power_supply/*")
	for _, dir := range supplies {
		if strings.TrimSpace(text(filepath.Join(dir, "type"))) != "Battery" || strings.TrimSpace(text(filepath.Join(dir, "scope"))) == "Device" {
			continue // a mouse has one too
		}
		discharging := strings.TrimSpace(text(filepath.Join(dir, "status"))) == "Discharging"
		battery = new(discharging || battery != nil && *battery)
	}
	return saver, battery
}
