package environment

import (
	"context"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxy finds the proxy that applies to the service, first in the environment
// as programs see it, then in the platform's settings as browsers do.
func proxy(ctx context.Context, hosts []string) (address, source string) {
	host := "service.example"
	if len(hosts) > 0 {
		host = hosts[0]
	}
	u, err := httpproxy.FromEnvironment().ProxyFunc()(&url.URL{Scheme: "https", Host: host})
	if err == nil && u != nil {
		return clean(u.String()), "environment"
	}
	return platformProxy(ctx)
}

// clean takes name and password out of a proxy's address.
func clean(address string) string {
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
