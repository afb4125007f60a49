//go:build !windows && !darwin

package proxy

import (
	"context"
	"os/exec"
)

// readPlatform reads what GNOME's settings say, where there are some.
func readPlatform(ctx context.Context) platform {
	return gnomeSettings(func(schema, key string) string {
		out, err := exec.CommandContext(ctx, "gsettings", "get", schema, key).Output()
		if err != nil {
			return ""
		}
		return string(out)
	})
}
