package api

import (
	"encoding/json"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// EventNames returns the names of the events that an application can have handlers for.
func EventNames() (names []string) {
	for _, kind := range protocol.Kinds() {
		if len(kind.Handlers()) > 0 {
			names = append(names, string(kind))
		}
	}
	return names
}

// Event is an event that is over.
type Event struct {
	Time   time.Time `json:"time"` // of its end
	Seq    uint64    `json:"seq"`
	Event  string    `json:"event"`
	Client int64     `json:"client,omitempty"`
	Worker int       `json:"worker,omitempty"` // the process of the resident worker that ran it; not in a history
	// Together is how many events of different clients its request had; not in a history.
	Together int   `json:"together,omitempty"`
	Bytes    int   `json:"bytes"`
	Payload  *Text `json:"payload,omitempty"` // if asked for

	Queue   Micros `json:"queue_us"`
	Connect Micros `json:"connect_us"`
	Wait    Micros `json:"wait_us"`
	Run     Micros `json:"run_us"`
	Apply   Micros `json:"apply_us"`
	Total   Micros `json:"total_us"`

	Made    Made            `json:"made"`
	Effects []Effect        `json:"effects,omitempty"` // not in a history
	Result  json.RawMessage `json:"result,omitempty"`  // not in a history

	Failure string `json:"failure,omitempty"`
	Error   string `json:"error,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// Made counts what an event made.
type Made struct {
	Sent      int `json:"sent"` // messages, one for each socket
	SentBytes int `json:"sent_bytes"`
	Closed    int `json:"closed"`
	Rows      int `json:"rows"` // changed
}

// Effect is one thing an event made: exactly one member is set.
type Effect struct {
	Send  *Send           `json:"send,omitempty"`
	Close *protocol.Close `json:"close,omitempty"`
	Log   *protocol.Log   `json:"log,omitempty"`
	Rows  int             `json:"rows,omitempty"` // changed
	More  int             `json:"more,omitempty"` // effects that are left out
}

// Send is a message to clients.
type Send struct {
	To      protocol.Recipients `json:"to"`
	Count   int                 `json:"count"` // sockets that it was queued for
	Bytes   int                 `json:"bytes"`
	Binary  bool                `json:"binary,omitempty"`
	Frames  bool                `json:"frames,omitempty"` // the application made the frames (do_reply)
	Payload *Text               `json:"payload,omitempty"`
}

// Line is a line of GET /v1/events: an Event, or the number of events that the reader was too slow for, or the last line, after which another
// process serves.
type Line struct {
	Event
	Dropped    int  `json:"dropped,omitempty"`
	HandedOver bool `json:"handed_over,omitempty"`
}

// Errors is the answer of GET /v1/errors.
type Errors struct {
	Errors []Failure `json:"errors"` // the newest first
}

// Failure is a failed event, or several that failed in the same way.
type Failure struct {
	Time    time.Time `json:"time"` // of the last one
	Event   string    `json:"event"`
	Client  int64     `json:"client,omitempty"` // of the last one
	Failure string    `json:"failure"`
	Message string    `json:"message"`
	File    string    `json:"file,omitempty"`
	Line    int       `json:"line,omitempty"`
	Times   int       `json:"times"`
}

// Micros is a duration in microseconds.
type Micros int64

// Of returns d as Micros.
func Of(d time.Duration) Micros { return Micros(d.Microseconds()) }

// Std returns m as the standard library's type.
func (m Micros) Std() time.Duration { return time.Duration(m) * time.Microsecond }
