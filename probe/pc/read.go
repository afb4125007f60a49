package pc

import (
	"context"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/net"
)

// readCores is what each processor has done so far, nil where the system does not
// tell.
func readCores(ctx context.Context) []core {
	all, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return nil
	}
	cores := make([]core, len(all))
	for i, t := range all {
		idle := t.Idle + t.Iowait
		// Guest time is part of User already.
		total := t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal + idle
		cores[i] = core{busy: total - idle, steal: t.Steal, total: total}
	}
	return cores
}

// readTraffic is what an interface has carried so far, nil where the system does
// not tell.
func readTraffic(ctx context.Context, device string) *traffic {
	all, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil
	}
	for _, c := range all {
		if c.Name == device {
			return &traffic{
				sent: float64(c.BytesSent), received: float64(c.BytesRecv),
				errors: int64(c.Errout), drops: int64(c.Dropout), // received drops include packets that were not for this machine
			}
		}
	}
	return nil
}
