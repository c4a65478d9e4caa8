package api

import "time"

// Status is the answer of GET /v1/status.
type Status struct {
	Version  string    `json:"version"`
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Uptime   Micros    `json:"uptime_us"`
	Ready    bool      `json:"ready"`
	Why      string    `json:"why,omitempty"` // it is not ready
	Paused   bool      `json:"paused"`
	Draining bool      `json:"draining"`

	Connections ConnectionCounts `json:"connections"`
	Events      EventCounts      `json:"events"`
	Messages    Messages         `json:"messages"`
	PHP         PHP              `json:"php"`
	Residents   Residents        `json:"residents"`
	Application Application      `json:"application"`

	Role     string `json:"role"`                // of who asks: what the dashboard may offer
	Listen   string `json:"listen"`              // host:port as clients reach it; empty before it listens
	Pipe     string `json:"pipe"`                // its path; empty: no pipe
	PipeLost string `json:"pipe_lost,omitempty"` // why writers do not reach it; empty: they do
	Config   string `json:"config"`              // the file that was read; empty: none
	LogLevel string `json:"log_level"`
}

// ConnectionCounts are current rows, and handshakes since the start.
type ConnectionCounts struct {
	Open     int    `json:"open"`
	All      int    `json:"all"`
	Accepted uint64 `json:"accepted"`
	Refused  uint64 `json:"refused"`
}

// EventCounts are current events, and events since the start.
type EventCounts struct {
	Running      int    `json:"running"`
	Waiting      int    `json:"waiting"`
	WaitingBytes int    `json:"waiting_bytes"`
	Done         uint64 `json:"done"`
	Failed       uint64 `json:"failed"`
}

// Messages are counts of one connection, or of all since the start.
type Messages struct {
	Received      uint64 `json:"received"`
	Sent          uint64 `json:"sent"`
	ReceivedBytes uint64 `json:"received_bytes"`
	SentBytes     uint64 `json:"sent_bytes"`
}

// PHP is what is known of php-fpm.
type PHP struct {
	Version string   `json:"version"`
	Managed bool     `json:"managed"` // wsbridge's own
	Address string   `json:"address"`
	Workers *Workers `json:"workers"` // nil: it did not answer
	// WorkersUnknown says why Workers is nil.
	WorkersUnknown string `json:"workers_unknown,omitempty"`
	Pool           Pool   `json:"pool"`
}

// Workers are php-fpm's. Those that a kept connection holds are active.
type Workers struct {
	Active int `json:"active"`
	Idle   int `json:"idle"`
	Total  int `json:"total"`
	Max    int `json:"max,omitempty"` // 0: unknown
}

// Pool is how many connections to php-fpm there are, and may be.
type Pool struct {
	Connections int `json:"connections"`
	Waiting     int `json:"waiting"` // those that no worker has answered yet
	Max         int `json:"max"`
}

// Application is what is known of the application's code.
type Application struct {
	EventsFile string    `json:"events_file"`
	Isolation  string    `json:"isolation"`
	Handlers   []Handler `json:"handlers"`
}

// Handler is a handler function.
type Handler struct {
	Name   string `json:"name"` // without "ws_server_"
	Params int    `json:"params"`
	Runs   string `json:"runs"` // "beside" others, "alone", or "before" each event
	Rows   string `json:"rows"` // that it sees: "own", "all" or "none"
	// Place is the process that its events run in: "a request of its own", "the alone worker", "the alone worker, or beside others if slow",
	// or "workers beside the alone worker", since it is slow or isolation.mode says so. Why says why they run there, and so, with the place in the application's code that decides.
	Place string `json:"place"`
	Why   string `json:"why"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
	// Cells are the same for people, as the command check prints them: name, parameters, how it runs, and why.
	Cells []string `json:"cells"`
}
