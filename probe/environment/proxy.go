package environment

import (
	"context"

	"netready/probe/internal/proxy"
)

// proxyTo finds the proxy to the service.
func proxyTo(ctx context.Context, o Options) (address, source string) {
	host := "service.example"
	if len(o.Hosts) > 0 {
		host = o.Hosts[0]
	}
	settings := o.Proxy
	if settings == nil {
		settings = proxy.System(ctx)
	}
	return settings.Summary(ctx, host)
}
