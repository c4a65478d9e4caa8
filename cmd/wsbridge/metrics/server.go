package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wsbridge/wsbridge/bridge"
)

// WatchBridge adds the metrics of b's state.
func (m *Metrics) WatchBridge(b *bridge.Bridge) {
	m.registry.MustRegister(collector(func(a answer) { collectBridge(a, b) }))
}

func collectBridge(a answer, b *bridge.Bridge) {
	ctx, cancel := context.WithTimeout(context.Background(), fpmTimeout)
	defer cancel()
	t, room := b.Totals(), b.Room()
	unsent, unsentBytes := b.Unsent()
	draining := false
	select {
	case <-b.Draining():
		draining = true
	default:
	}
	for state, n := range map[string]int{
		"connecting": t.Connecting, "open": t.Open, "closing": max(0, t.Clients-t.Connecting-t.Open),
	} {
		a.add(prometheus.GaugeValue, "clients", "Rows of $connections, by the state of their client.", float64(n),
			prometheus.Labels{"state": state})
	}
	gauge(a, "connections", "Sockets, including those in their handshake.", b.Sockets())
	gauge(a, "connections_limit", "How many sockets there may be; 0: any number.", room.Connections)
	counter(a, "handshakes_accepted_total", "Handshakes that were answered with 101.", t.Accepted)

	gauge(a, "events_running", "Events that run.", t.Running)
	gauge(a, "event_queue_length", "Events and handshakes of clients, from their arrival to their end.", t.Queued)
	gauge(a, "event_queue_limit", "How many events and handshakes of clients there may be.", room.Events)
	gauge(a, "event_queue_bytes", "Bytes that events and handshakes of clients carry.", t.WaitingBytes)
	gauge(a, "event_queue_limit_bytes", "How many bytes they may carry.", room.EventBytes)
	gauge(a, "read_bytes", "Bytes of memory that messages take that are being read, of all clients.", t.ReadingBytes)
	gauge(a, "read_limit_bytes", "How many bytes they may take.", room.ReadingBytes)
	gauge(a, "documents_waiting", "Documents that have not been brought to ws_server_fifo yet.", t.Documents)
	gauge(a, "documents_waiting_limit", "How many documents may wait; more stay in the pipe.", room.Documents)

	counter(a, "messages_received_total", "Messages from clients.", t.Received)
	counter(a, "messages_received_bytes_total", "Bytes of messages from clients.", t.ReceivedBytes)
	counter(a, "messages_sent_total", "Messages that clients' sockets have taken.", t.Sent)
	counter(a, "messages_sent_bytes_total", "Bytes of messages that clients' sockets have taken.", t.SentBytes)

	gauge(a, "send_queue_length", "Messages and control frames that clients' sockets have not taken yet, of all clients.", unsent)
	gauge(a, "send_queue_bytes", "Bytes of messages that clients' sockets have not taken yet, of all clients.", unsentBytes)
	gauge(a, "send_queue_memory_bytes", "Bytes of memory that these messages take: one that waits for several clients counts once.", t.SendingBytes)
	gauge(a, "send_queue_limit_bytes", "How many bytes they may take.", room.SendingBytes)

	gauge(a, "paused", "1 while an operator has paused events.", one(b.Paused()))
	gauge(a, "draining", "1 while the server shuts down.", one(draining))
	gauge(a, "fpm_up", "0 if php-fpm cannot be reached; each scrape tries.", one(!b.Away(ctx)))
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
	m.registry.MustRegister(collector(func(a answer) {
		gauge(a, "tls_certificate_expires_timestamp_seconds", "When the certificate of server.tls_cert expires, or the first of server.acme; 0: one is missing.", expires().Unix())
	}))
}

// WatchDailyLog adds how many lines the daily log file has lost since the start.
func (m *Metrics) WatchDailyLog(dropped func() uint64) {
	m.registry.MustRegister(collector(func(a answer) {
		counter(a, "log_lines_dropped_total",
			"Lines that the daily log file (log.legacy) has lost because it could not be written fast enough, or at all.", dropped())
	}))
}
