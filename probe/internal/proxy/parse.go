package proxy

import (
	"bufio"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
)

// bypasses reports whether a host is to be reached directly: by a list of
// names, names with a *, or networks, as the systems write them.
func (p platform) bypasses(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip, err := netip.ParseAddr(host)
	if err != nil && p.bypassLocal && !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc(p.bypass, func(rule string) bool {
		rule = strings.ToLower(strings.TrimSpace(rule))
		if network, perr := netip.ParsePrefix(rule); perr == nil {
			return err == nil && network.Contains(ip.Unmap())
		}
		if strings.HasPrefix(rule, ".") {
			return strings.HasSuffix(host, rule)
		}
		matched, merr := path.Match(rule, host) // names have no slash
		return merr == nil && matched
	})
}

// windowsSettings reads what WinINET's settings hold: "http=a:80;https=b:80" or
// "a:80" for all, and the exceptions "*.corp.example;10.*;<local>".
func windowsSettings(servers, exceptions string) platform {
	p := platform{source: "windows"}
	for one := range strings.FieldsFuncSeq(servers, func(r rune) bool { return r == ';' || r == ' ' }) {
		scheme, at, named := strings.Cut(one, "=")
		switch {
		case !named:
			p.http, p.https = one, one
		case strings.EqualFold(scheme, "http"):
			p.http = at
		case strings.EqualFold(scheme, "https"):
			p.https = at
		}
	}
	for rule := range strings.FieldsFuncSeq(exceptions, func(r rune) bool { return r == ';' || r == ' ' || r == ',' }) {
		if strings.EqualFold(rule, "<local>") {
			p.bypassLocal = true
		} else {
			p.bypass = append(p.bypass, strings.TrimPrefix(strings.TrimPrefix(rule, "http://"), "https://"))
		}
	}
	return p
}

// macSettings reads what "scutil --proxy" prints.
func macSettings(printed string) platform {
	p := platform{source: "macos"}
	settings := map[string]string{}
	inExceptions := false
	for lines := bufio.NewScanner(strings.NewReader(printed)); lines.Scan(); {
		key, value, found := strings.Cut(lines.Text(), " : ")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case key == "ExceptionsList":
			inExceptions = true
		case strings.TrimSpace(lines.Text()) == "}":
			inExceptions = false
		case found && inExceptions:
			p.bypass = append(p.bypass, value)
		case found:
			settings[key] = value
		}
	}
	at := func(scheme string) string {
		if settings[scheme+"Enable"] != "1" || settings[scheme+"Proxy"] == "" {
			return ""
		}
		return settings[scheme+"Proxy"] + ":" + settings[scheme+"Port"]
	}
	p.http, p.https = at("HTTP"), at("HTTPS")
	if settings["ProxyAutoConfigEnable"] == "1" {
		p.script = settings["ProxyAutoConfigURLString"]
	}
	p.bypassLocal = settings["ExcludeSimpleHostnames"] == "1"
	return p
}

// gnomeSettings reads values as "gsettings get" prints them, by their keys.
func gnomeSettings(get func(schema, key string) string) platform {
	const schema = "org.gnome.system.proxy"
	p := platform{source: "gnome"}
	value := func(schema, key string) string { return strings.Trim(strings.TrimSpace(get(schema, key)), "'") }
	at := func(scheme string) string {
		host, port := value(schema+"."+scheme, "host"), value(schema+"."+scheme, "port")
		if host == "" || port == "0" {
			return ""
		}
		return host + ":" + port
	}
	switch value(schema, "mode") {
	case "manual":
		p.http, p.https = at("http"), at("https")
		for _, rule := range quoted.FindAllStringSubmatch(get(schema, "ignore-hosts"), -1) {
			p.bypass = append(p.bypass, rule[1])
		}
	case "auto":
		p.script = value(schema, "autoconfig-url")
	}
	return p
}

var quoted = regexp.MustCompile(`'([^']*)'`)
