package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"netready/probe/responder"
)

// statusWait bounds a request for metrics or health.
const statusWait = 10 * time.Second

// serveMetrics serves metrics, health and readiness at a separate address, if one is set. The
// returned function ends that.
func (s *service) serveMetrics(ctx context.Context) (end func(), err error) {
	if s.now.Metrics == "" {
		return func() {}, nil
	}
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", s.now.Metrics)
	if err != nil {
		return nil, fmt.Errorf("listening for metrics: %w; choose another address with --metrics", err)
	}
	server := &http.Server{
		Handler:     statusPages(s.server),
		ReadTimeout: statusWait, WriteTimeout: statusWait, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go func() { _ = server.Serve(listener) }() // ends with http.ErrServerClosed
	s.log.Info("metrics and health", "address", listener.Addr().String())
	return func() { _ = server.Close() }, nil
}

// statusPages are /metrics, /healthz and /readyz.
func statusPages(server *responder.Server) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(gauges{server}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, server.Alive(), "alive", "the responder no longer works: restart it")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, !server.Stats().Draining, "ready", "draining: send new agents elsewhere")
	})
	return mux
}

func tell(w http.ResponseWriter, good bool, yes, no string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
		yes = no
	}
	fmt.Fprintln(w, yes)
}

// gauges give Prometheus a responder's current Stats when it asks.
type gauges struct{ server *responder.Server }

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("netready_responder_"+name, help, labels, nil)
}

var (
	refusedDesc = described("refused_total", "Requests that were refused, by code.", "code")
	plain       = []struct {
		desc *prometheus.Desc
		kind prometheus.ValueType
		of   func(responder.Stats) float64
	}{
		{described("sessions", "Sessions now."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Sessions) }},
		{described("calls", "Calls that are streamed down now."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Calls) }},
		{described("waiting", "Agents that wait for their turn now."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Waiting) }},
		{described("connections_strangers", "Control connections that have shown no token, now."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Strangers) }},
		{described("connections_sessions", "Control connections of sessions, now."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Known) }},
		{described("packet_rate_taken", "Packets a second, both ways, that sessions have taken."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Taken) }},
		{described("packet_rate_limit", "Packets a second, both ways, that sessions may take."), prometheus.GaugeValue, func(s responder.Stats) float64 { return float64(s.Room) }},
		{described("send_lateness_p99_seconds", "How late packets of down streams left, in the last seconds: 99 of 100 were not later."), prometheus.GaugeValue, func(s responder.Stats) float64 { return s.Late.Seconds() }},
		{described("handover_p99_seconds", "From a packet's stamp until the system had it, in the last seconds: 99 of 100 did not take longer."), prometheus.GaugeValue, func(s responder.Stats) float64 { return s.Gap.Seconds() }},
		{described("draining", "1 while no new session is granted."), prometheus.GaugeValue, func(s responder.Stats) float64 {
			if s.Draining {
				return 1
			}
			return 0
		}},
		{described("granted_total", "Sessions that were granted."), prometheus.CounterValue, func(s responder.Stats) float64 { return float64(s.Granted) }},
		{described("received_total", "Datagrams that arrived at the media socket."), prometheus.CounterValue, func(s responder.Stats) float64 { return float64(s.Received) }},
		{described("sent_total", "Packets of down streams that were sent."), prometheus.CounterValue, func(s responder.Stats) float64 { return float64(s.Sent) }},
		{described("dropped_total", "Datagrams that the system dropped before the media sockets were read (Linux)."), prometheus.CounterValue, func(s responder.Stats) float64 { return float64(s.Dropped) }},
	}
)

// Describe implements prometheus.Collector.
func (g gauges) Describe(all chan<- *prometheus.Desc) {
	for _, p := range plain {
		all <- p.desc
	}
	all <- refusedDesc
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(all chan<- prometheus.Metric) {
	stats := g.server.Stats()
	for _, p := range plain {
		all <- prometheus.MustNewConstMetric(p.desc, p.kind, p.of(stats))
	}
	for code, n := range stats.Refused {
		all <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(n), code)
	}
}
