package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
)

// server is what a bridge knows of itself at one moment.
type server struct {
	bridge.Totals
	bridge.Room
	sockets                int
	unsent, unsentBytes    int
	paused, draining, away bool
}

// WatchBridge adds what b knows.
func (m *Metrics) WatchBridge(b *bridge.Bridge) {
	m.registry.MustRegister(newCollector(func() (server, bool) { return look(b), true }, serverReadings()))
}

func look(b *bridge.Bridge) server {
	ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
	defer cancel()
	s := server{Totals: b.Totals(), Room: b.Room(), sockets: b.Sockets(), paused: b.Paused(), away: b.Away(ctx)}
	s.unsent, s.unsentBytes = b.Unsent()
	select {
	case <-b.Draining():
		s.draining = true
	default:
	}
	return s
}

func serverReadings() []reading[server] {
	const clients = "Rows of $connections, by the state of their client."
	state := func(s string) prometheus.Labels { return prometheus.Labels{"state": s} }
	return []reading[server]{
		{"clients", clients, gauge, func(s server) float64 { return float64(s.Connecting) }, state("connecting")},
		{"clients", clients, gauge, func(s server) float64 { return float64(s.Open) }, state("open")},
		{"clients", clients, gauge,
			func(s server) float64 { return float64(max(0, s.Clients-s.Connecting-s.Open)) }, state("closing")},
		{"connections", "Sockets, including those in their handshake.", gauge,
			func(s server) float64 { return float64(s.sockets) }, nil},
		{"connections_limit", "How many sockets there may be; 0: any number.", gauge,
			func(s server) float64 { return float64(s.Room.Connections) }, nil},
		{"handshakes_accepted_total", "Handshakes that were answered with 101.", counter,
			func(s server) float64 { return float64(s.Accepted) }, nil},

		{"events_running", "Events that are running.", gauge, func(s server) float64 { return float64(s.Running) }, nil},
		{"event_queue_length", "Events and handshakes of clients, from their arrival to their end.", gauge,
			func(s server) float64 { return float64(s.Queued) }, nil},
		{"event_queue_limit", "How many events and handshakes of clients there may be.", gauge,
			func(s server) float64 { return float64(s.Events) }, nil},
		{"event_queue_bytes", "Bytes that events and handshakes of clients carry.", gauge,
			func(s server) float64 { return float64(s.WaitingBytes) }, nil},
		{"event_queue_limit_bytes", "How many bytes they may carry.", gauge,
			func(s server) float64 { return float64(s.EventBytes) }, nil},
		{"documents_waiting", "Documents that wait for ws_server_fifo.", gauge,
			func(s server) float64 { return float64(s.Totals.Documents) }, nil},
		{"documents_waiting_limit", "How many documents may wait; more stay in the pipe.", gauge,
			func(s server) float64 { return float64(s.Room.Documents) }, nil},

		{"messages_received_total", "Messages from clients.", counter, func(s server) float64 { return float64(s.Received) }, nil},
		{"messages_received_bytes_total", "Bytes of messages from clients.", counter,
			func(s server) float64 { return float64(s.ReceivedBytes) }, nil},
		{"messages_sent_total", "Messages that clients' sockets have taken.", counter,
			func(s server) float64 { return float64(s.Sent) }, nil},
		{"messages_sent_bytes_total", "Bytes of messages that clients' sockets have taken.", counter,
			func(s server) float64 { return float64(s.SentBytes) }, nil},

		{"send_queue_length", "Messages and control frames that clients' sockets have not taken yet, of all clients.", gauge,
			func(s server) float64 { return float64(s.unsent) }, nil},
		{"send_queue_bytes", "Bytes of messages that clients' sockets have not taken yet, of all clients.", gauge,
			func(s server) float64 { return float64(s.unsentBytes) }, nil},

		{"paused", "1 while the server is paused.", gauge, func(s server) float64 { return flag(s.paused) }, nil},
		{"draining", "1 while the server shuts down.", gauge, func(s server) float64 { return flag(s.draining) }, nil},
		{"fpm_up", "0 if php-fpm is away; each scrape checks.", gauge,
			func(s server) float64 { return flag(!s.away) }, nil},
	}
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// WatchCertificate tells when the certificate that is in force expires.
func (m *Metrics) WatchCertificate(expires func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace,
		Name: "tls_certificate_expires_timestamp_seconds", Help: "When the certificate of server.tls_cert expires."},
		func() float64 { return float64(expires().Unix()) }))
}

// WatchDailyLog tells how many lines the daily log file has lost since the start.
func (m *Metrics) WatchDailyLog(dropped func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "log_lines_dropped_total",
		Help: "Lines missing in the daily log file (log.legacy), which could not be written fast enough, or at all."},
		func() float64 { return float64(dropped()) }))
}
