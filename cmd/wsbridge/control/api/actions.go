package api

import "encoding/json"

// Done is the answer of an action that only has to be confirmed, such as {"paused":true}.
type Done map[string]bool

// Close is the body of POST /v1/connections/KEY/close. Code 0 is 1000.
type Close struct {
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Broadcast is the answer of POST /v1/broadcast.
type Broadcast struct {
	To     int `json:"to"`     // connections that it was queued for
	Missed int `json:"missed"` // whose queues were full
}

// Accepted is the answer of POST /v1/fifo with wait=0.
type Accepted struct {
	Accepted bool   `json:"accepted,omitempty"`
	Document uint64 `json:"document,omitempty"` // its number in the journal, by which the log names it; 0: there is no journal
}

// Fifo is the answer of POST /v1/fifo, and has Accepted instead with wait=0.
type Fifo struct {
	Accepted

	Result json.RawMessage `json:"result"`
	Event  Event           `json:"event"`
}

// Reloaded is the answer of POST /v1/reload.
type Reloaded struct {
	Applied    []string `json:"applied"`     // keys whose new values are in force
	NewClients []string `json:"new_clients"` // those of Applied that only clients who connect from now on get
	Restart    []string `json:"restart"`     // keys whose new values are in force after a restart
	Unchanged  int      `json:"unchanged"`   // the number of other keys
}

// Log is the answer, and the body, of /v1/log.
type Log struct {
	Level string `json:"level"` // "debug", "info", "warn" or "error"
}
