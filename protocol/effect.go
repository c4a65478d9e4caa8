package protocol

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// Effect is one line of an answer. Either one of its pointers is set, or Stray.
type Effect struct {
	Seq    uint64   `json:"seq"`
	Send   *Send    `json:"send,omitempty"`
	Frames *Send    `json:"frames,omitempty"` // its Payload holds whole frames of a server (RFC 6455, section 5.2), or any bytes for one client without a handshake
	Close  *Close   `json:"close,omitempty"`
	Log    *Log     `json:"log,omitempty"`
	Done   *Done    `json:"done,omitempty"`
	Failed *Failure `json:"failed,omitempty"`
	// Children is of a resident worker, and of no event, whatever Seq is.
	Children *Children `json:"children,omitempty"`
	// Stray is what was printed past the PHP half. It belongs to no event, and Seq is 0.
	Stray string `json:"-"`
}

// Last reports whether e ends its event.
func (e *Effect) Last() bool { return e.Done != nil || e.Failed != nil }

// check refuses an effect that the PHP half does not write.
func (e *Effect) check() error {
	n := 0
	for _, set := range []bool{e.Send != nil, e.Frames != nil, e.Close != nil, e.Log != nil, e.Done != nil, e.Failed != nil,
		e.Children != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("want one effect in a line, got %d", n)
	}
	if e.Seq == 0 {
		return fmt.Errorf("effect without seq")
	}
	if s := e.payload(); s != nil && s.Length < 0 {
		return fmt.Errorf("negative length %d", s.Length)
	}
	return nil
}

// payload returns the part of e whose raw bytes follow the line, or nil.
func (e *Effect) payload() *Send {
	if e.Send != nil {
		return e.Send
	}
	return e.Frames
}

// Send is a message to clients.
type Send struct {
	To      Recipients `json:"to"`
	Binary  bool       `json:"binary,omitempty"`
	Length  int        `json:"length"`
	Payload []byte     `json:"-"`
}

// Recipients are client keys, or every client in state OPEN.
type Recipients struct {
	Open bool
	Keys []int64
}

// UnmarshalJSON reads "open" or an array of keys.
func (r *Recipients) UnmarshalJSON(data []byte) error {
	if string(data) == `"open"` {
		r.Open = true
		return nil
	}
	return json.Unmarshal(data, &r.Keys)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (r Recipients) MarshalJSON() ([]byte, error) {
	if r.Open {
		return []byte(`"open"`), nil
	}
	return json.Marshal(r.Keys)
}

// Close ends a client's connection. With code 0 there is no close frame, as with close_client without a status.
type Close struct {
	Client int64  `json:"client"`
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Handled says that the close handlers ran in this event, so that no close event has to follow.
	Handled bool `json:"handled,omitempty"`
}

// Log is a line for the server's log: a show_message, a PHP warning, or something that was printed.
type Log struct {
	Level   string `json:"level"` // debug, info, warning, error
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	// Daily says whether a show_message is also in the application's daily file. Nil: it writes none.
	Daily *Daily `json:"daily,omitempty"`
}

// Daily is what became of a line of the daily file. If it was written, both are empty.
type Daily struct {
	File  string `json:"file,omitempty"`
	Error string `json:"error,omitempty"`
}

// Severity is the level as package slog has it; one that is unknown is info.
func (l *Log) Severity() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(strings.Replace(l.Level, "warning", "warn", 1))) // or else it stays info
	return level
}

// Done ends an event whose handlers returned.
type Done struct {
	Result json.RawMessage `json:"result,omitempty"`
	// Rows are the changed rows by client key. Nil stands for a row that the handler removed.
	Rows RowChanges `json:"rows,omitempty"`
	// Globals are the changes of living global variables, or nil.
	Globals *GlobalChanges `json:"globals,omitempty"`
	// Held says what a resident worker keeps that cannot be given to the worker after it, and what that is: "$db" is "a PDO". It names
	// what the worker has not named before.
	Held map[string]string `json:"held,omitempty"`
	// Bound are the clients whose rows were given what Held names. It also names those of which Held says nothing new.
	Bound []int64 `json:"bound,omitempty"`
	// Wrote says what an event that ran beside others was seen to write outside of its row, although its handlers' code does not show it:
	// "$counter", "A::$n", "$n of f()" or the name of a constant.
	Wrote string `json:"wrote,omitempty"`
	// Code is the fingerprint of the application's files.
	Code string `json:"code,omitempty"`
	// Took is how long PHP worked, in seconds, since the request began or the event before ended.
	Took float64 `json:"took,omitempty"`
	// Worker is the id of PHP's process, if Event.Identify asks for it.
	Worker int `json:"worker,omitempty"`
}

// GlobalChanges is what an event changed in the living global variables.
type GlobalChanges struct {
	RowChange // of the variables, which are kept as a row's fields are
	// First are those of Event.First that the event has not changed. Set has the values of those that came without one.
	First []string `json:"first,omitempty"`
	// Lost says, by variable, what it was given that cannot outlive an event.
	Lost map[string]string `json:"lost,omitempty"`
}

// RowChanges are an event's changes by client key.
type RowChanges = object[int64, *RowChange]

// True reports whether the event's result is true: the answer to authenticate.
func (d *Done) True() bool { return string(d.Result) == "true" }

// Read returns what ws_server_read decided: "pass", "consumed" or "quit".
func (d *Done) Read() string {
	var s string
	if json.Unmarshal(d.Result, &s) != nil {
		return ""
	}
	return s
}
