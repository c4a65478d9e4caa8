package api

import (
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Connections is the answer of GET /v1/connections.
type Connections struct {
	Connections []Connection `json:"connections"`
	Total       int          `json:"total"`          // that match the filter
	Next        int64        `json:"next,omitempty"` // the next request's after; 0: these were the last
}

// Connection is a client.
type Connection struct {
	Key           int64     `json:"key"`
	State         string    `json:"state"`
	RemoteAddress string    `json:"remote_address"`
	Connected     time.Time `json:"connected"`
	Idle          Micros    `json:"idle_us"` // since its last message
	// Row is in the row's order. A value is JSON as PHP's json_encode makes it, or see Text.
	Row            protocol.Fields `json:"row"`
	EventsWaiting  int             `json:"events_waiting"`
	SendQueue      int             `json:"send_queue"`
	SendQueueBytes int             `json:"send_queue_bytes"`
	Messages
}

// ConnectionDetails is the answer of GET /v1/connections/KEY.
type ConnectionDetails struct {
	Connection
	Request Request `json:"request"`
	History []Event `json:"history"` // the newest last
}

// Request is the handshake's request without what may be secret.
type Request struct {
	Path        string `json:"path"`
	Origin      string `json:"origin"`
	UserAgent   string `json:"user_agent"`
	Subprotocol string `json:"subprotocol"`
}
