package environment

import (
	"bufio"
	"bytes"
	"context"
	"os/exec"
	"strings"
)

// platformProxy reads what macOS' settings say.
func platformProxy(ctx context.Context) (address, source string) {
	out, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--proxy").Output()
	if err != nil {
		return "", ""
	}
	settings := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if key, value, found := strings.Cut(lines.Text(), " : "); found {
			settings[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	switch {
	case settings["ProxyAutoConfigEnable"] == "1":
		return "by script " + clean(settings["ProxyAutoConfigURLString"]), "macos"
	case settings["HTTPSEnable"] == "1":
		return clean(settings["HTTPSProxy"] + ":" + settings["HTTPSPort"]), "macos"
	}
	return "", ""
}
