package probe

import (
	"context"
	"time"

	"netready/probe/facts"
	"netready/probe/ping"
)

// beside is what was seen beside a call while it lasted, all on its clock.
type beside struct {
	gateway []ping.Question
	hop     []ping.Question // the first behind the gateway
}

// watch begins to look at what is beside the call. The returned function ends that.
func (r *run) watch(ctx context.Context) (stop func() beside) {
	gateway, hop := r.watchGateway(ctx), r.watchPath(ctx)
	return func() beside { return beside{gateway: gateway(), hop: hop()} }
}

// lay lays it beside the seconds of a call that began at started.
func (b beside) lay(line []facts.Second, started, jitterBuffer time.Duration) {
	addGateway(line, started, b.gateway)
	besideHop(line, started, b.hop, jitterBuffer)
}
