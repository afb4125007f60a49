package environment

import (
	"context"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// platformProxy reads what Windows' settings say.
func platformProxy(context.Context) (address, source string) {
	k, err := registry.OpenKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.QUERY_VALUE)
	if err != nil {
		return "", ""
	}
	defer k.Close()
	if script, _, err := k.GetStringValue("AutoConfigURL"); err == nil && script != "" {
		return "by script " + clean(script), "windows"
	}
	on, _, err := k.GetIntegerValue("ProxyEnable")
	if err != nil || on == 0 {
		return "", ""
	}
	servers, _, err := k.GetStringValue("ProxyServer")
	if err != nil {
		return "", ""
	}
	return clean(forHTTPS(servers)), "windows"
}

// forHTTPS picks from "http=a:80;https=b:80", or takes "a:80" as it is.
func forHTTPS(servers string) string {
	for one := range strings.SplitSeq(servers, ";") {
		if at, found := strings.CutPrefix(strings.TrimSpace(one), "https="); found {
			return at
		}
	}
	return servers
}
