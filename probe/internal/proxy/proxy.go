// Package proxy finds the web proxy that a browser on this machine would use: from the
// environment's variables, or from the system's settings.
package proxy

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Environment is the source of a proxy that comes from the environment's variables.
const Environment = "environment"

// A Way is a proxy for one address.
type Way struct {
	URL    *url.URL // of the proxy: http, https or socks5
	Source string   // environment, windows, macos, gnome
	// Script is the address of a script (PAC) that names the proxy and was not run: it
	// is not known whether the proxy is meant for this address. "" otherwise.
	Script string
}

// Name is the proxy's address without its password.
func (w Way) Name() string { return Clean(w.URL.String()) }

// Settings are the proxy settings of a machine at one time. A nil *Settings has no proxy.
type Settings struct {
	environment func(*url.URL) (*url.URL, error)
	isSet       bool // the environment names a proxy
	platform    platform
	script      func(ctx context.Context, script string, to *url.URL) (proxies []string, evaluated bool)

	mu   sync.Mutex // guards the rest
	said map[string][]Way
}

// platform is what the system's settings say.
type platform struct {
	source      string // windows, macos, gnome
	http, https string // host:port for each scheme
	script      string // address of a script
	detect      bool   // the script is to be looked for (WPAD)
	bypass      []string
	bypassLocal bool // names without a dot
}

// settingsLimit is for reading the settings, scriptLimit for a script.
const (
	settingsLimit = 2 * time.Second
	scriptLimit   = 4 * time.Second
)

// System reads the settings.
func System(ctx context.Context) *Settings {
	ctx, cancel := context.WithTimeout(ctx, settingsLimit)
	defer cancel()
	config := httpproxy.FromEnvironment()
	s := &Settings{environment: config.ProxyFunc(), isSet: config.HTTPProxy != "" || config.HTTPSProxy != "", script: runScript}
	if !s.isSet {
		s.platform = readPlatform(ctx)
	}
	return s
}

// For lists the proxies to an address in the order to try; none: connect directly.
func (s *Settings) For(ctx context.Context, to *url.URL) []Way {
	if s == nil || isOwn(to.Hostname()) {
		return nil
	}
	if s.isSet {
		u, err := s.environment(to)
		if err != nil || u == nil {
			return nil
		}
		return []Way{{URL: u, Source: Environment}}
	}
	p := s.platform
	switch {
	case p.bypasses(to.Hostname()):
		return nil
	case p.script != "" || p.detect:
		return s.byScript(ctx, to)
	case to.Scheme == "http":
		return p.ways([]string{p.http}, "")
	}
	return p.ways([]string{p.https}, "")
}

// byScript asks the script once for each host, or reads a script that cannot be run once.
func (s *Settings) byScript(ctx context.Context, to *url.URL) []Way {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := to.Scheme + "://" + to.Host
	for _, key := range []string{key, ""} {
		if ways, known := s.said[key]; known {
			return ways
		}
	}
	ctx, cancel := context.WithTimeout(ctx, scriptLimit)
	defer cancel()
	proxies, evaluated := s.script(ctx, s.platform.script, to)
	script := s.platform.script
	if evaluated {
		script = ""
	} else {
		key = ""
	}
	if s.said == nil {
		s.said = map[string][]Way{}
	}
	s.said[key] = s.platform.ways(proxies, script)
	return s.said[key]
}

func (p platform) ways(proxies []string, script string) []Way {
	var all []Way
	for _, one := range proxies {
		if u := parse(one); u != nil {
			all = append(all, Way{URL: u, Source: p.source, Script: script})
		}
	}
	return all
}

// Summary is the proxy to a host in words, and where that is set: an address,
// or that of a script. "" without one.
func (s *Settings) Summary(ctx context.Context, host string) (address, source string) {
	ways := s.For(ctx, &url.URL{Scheme: "https", Host: host})
	switch {
	case s.platform.script != "":
		return "by script " + Clean(s.platform.script), s.platform.source
	case len(ways) > 0:
		return ways[0].Name(), ways[0].Source
	}
	return "", ""
}

// Request is For as net/http wants it: the first proxy, or none.
func (s *Settings) Request(r *http.Request) (*url.URL, error) {
	if ways := s.For(r.Context(), r.URL); len(ways) > 0 {
		return ways[0].URL, nil
	}
	return nil, nil //nolint:nilnil // net/http means "directly" by it
}

// parse reads host:port or an URL.
func parse(s string) *url.URL {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}

// isOwn reports whether a host is this machine: no browser uses a proxy for it.
func isOwn(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// Clean removes name and password from a proxy's address.
func Clean(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		if _, host, found := strings.Cut(address, "@"); found {
			return host
		}
		return address
	}
	u.User = nil
	return u.String()
}
