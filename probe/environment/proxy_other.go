//go:build !windows && !darwin

package environment

import (
	"context"
	"os/exec"
	"strings"
)

// platformProxy reads what GNOME's settings say, where there are some.
func platformProxy(ctx context.Context) (address, source string) {
	setting := func(schema, key string) string {
		out, err := exec.CommandContext(ctx, "gsettings", "get", schema, key).Output()
		if err != nil {
			return ""
		}
		return strings.Trim(strings.TrimSpace(string(out)), "'")
	}
	const schema = "org.gnome.system.proxy"
	switch setting(schema, "mode") {
	case "manual":
		if host := setting(schema+".https", "host"); host != "" {
			return clean(host + ":" + setting(schema+".https", "port")), "gnome"
		}
	case "auto":
		return "by script " + clean(setting(schema, "autoconfig-url")), "gnome"
	}
	return "", ""
}
