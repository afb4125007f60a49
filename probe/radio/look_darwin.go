package radio

import (
	"context"
	"io"
	"os/exec"
	"time"

	"netready/probe/facts"
)

const (
	lookFor     = 8 * time.Second // it takes one to five
	mostProfile = 4 << 20         // bytes; it lists the neighbours' networks too
)

// Look asks once, with the command that every user may run. The radio listens to other
// channels meanwhile, so it must not be asked during a call.
func Look(ctx context.Context, name string) (*facts.WifiLink, *float64, error) {
	ctx, stop := context.WithTimeout(ctx, lookFor)
	defer stop()
	c := exec.CommandContext(ctx, "/usr/sbin/system_profiler", "-json", "SPAirPortDataType")
	c.WaitDelay = time.Second
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := c.Start(); err != nil {
		return nil, nil, err
	}
	b, _ := io.ReadAll(io.LimitReader(out, mostProfile))
	stop() // where it said more than that
	_ = c.Wait()
	return parseProfile(b, name)
}
