package proxy

import (
	"context"
	"os/exec"
)

// readPlatform reads what macOS' settings say.
func readPlatform(ctx context.Context) platform {
	out, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--proxy").Output()
	if err != nil {
		return platform{}
	}
	return macSettings(string(out))
}
