package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
)

// server is the state of a bridge at one moment.
type server struct {
	bridge.Totals
	bridge.Room
	sockets                int
	unsent, unsentBytes    int
	paused, draining, away bool
}

// WatchBridge adds the metrics of b's state.
func (m *Metrics) WatchBridge(b *bridge.Bridge) {
	m.registry.MustRegister(newCollector(func() (*server, bool) { return stateOf(b), true }, serverReadings()))
}

func stateOf(b *bridge.Bridge) *server {
	ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
	defer cancel()
	s := &server{Totals: b.Totals(), Room: b.Room(), sockets: b.Sockets(), paused: b.Paused(), away: b.Away(ctx)}
	s.unsent, s.unsentBytes = b.Unsent()
	select {
	case <-b.Draining():
		s.draining = true
	default:
	}
	return s
}

func serverReadings() []reading[*server] {
	const clients = "Rows of $connections, by the state of their client."
	closing := func(s *server) int { return max(0, s.Clients-s.Connecting-s.Open) }
	return []reading[*server]{
		gauge("clients", clients, func(s *server) int { return s.Connecting }).with("state", "connecting"),
		gauge("clients", clients, func(s *server) int { return s.Open }).with("state", "open"),
		gauge("clients", clients, closing).with("state", "closing"),
		gauge("connections", "Sockets, including those in their handshake.", func(s *server) int { return s.sockets }),
		gauge("connections_limit", "How many sockets there may be; 0: any number.", func(s *server) int { return s.Room.Connections }),
		counter("handshakes_accepted_total", "Handshakes that were answered with 101.", func(s *server) uint64 { return s.Accepted }),

		gauge("events_running", "Events that run.", func(s *server) int { return s.Running }),
		gauge("event_queue_length", "Events and handshakes of clients, from their arrival to their end.",
			func(s *server) int { return s.Queued }),
		gauge("event_queue_limit", "How many events and handshakes of clients there may be.", func(s *server) int { return s.Events }),
		gauge("event_queue_bytes", "Bytes that events and handshakes of clients carry.", func(s *server) int { return s.WaitingBytes }),
		gauge("event_queue_limit_bytes", "How many bytes they may carry.", func(s *server) int { return s.EventBytes }),
		gauge("documents_waiting", "Documents that have not been brought to ws_server_fifo yet.",
			func(s *server) int { return s.Totals.Documents }),
		gauge("documents_waiting_limit", "How many documents may wait; more stay in the pipe.",
			func(s *server) int { return s.Room.Documents }),

		counter("messages_received_total", "Messages from clients.", func(s *server) uint64 { return s.Received }),
		counter("messages_received_bytes_total", "Bytes of messages from clients.", func(s *server) uint64 { return s.ReceivedBytes }),
		counter("messages_sent_total", "Messages that clients' sockets have taken.", func(s *server) uint64 { return s.Sent }),
		counter("messages_sent_bytes_total", "Bytes of messages that clients' sockets have taken.",
			func(s *server) uint64 { return s.SentBytes }),

		gauge("send_queue_length", "Messages and control frames that clients' sockets have not taken yet, of all clients.",
			func(s *server) int { return s.unsent }),
		gauge("send_queue_bytes", "Bytes of messages that clients' sockets have not taken yet, of all clients.",
			func(s *server) int { return s.unsentBytes }),

		gauge("paused", "1 while an operator has paused events.", func(s *server) int { return one(s.paused) }),
		gauge("draining", "1 while the server shuts down.", func(s *server) int { return one(s.draining) }),
		gauge("fpm_up", "0 if php-fpm cannot be reached; each scrape tries.", func(s *server) int { return one(!s.away) }),
	}
}

// one returns 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// WatchCertificate adds when the certificate in force expires.
func (m *Metrics) WatchCertificate(expires func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace,
		Name: "tls_certificate_expires_timestamp_seconds", Help: "When the certificate of server.tls_cert expires."},
		func() float64 { return float64(expires().Unix()) }))
}

// WatchDailyLog adds how many lines the daily log file has lost since the start.
func (m *Metrics) WatchDailyLog(dropped func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "log_lines_dropped_total",
		Help: "Lines that the daily log file (log.legacy) has lost because it could not be written fast enough, or at all."},
		func() float64 { return float64(dropped()) }))
}
