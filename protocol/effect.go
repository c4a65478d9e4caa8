package protocol

import (
	"encoding/json"
	"fmt"
)

// Effect is one line of an answer: exactly one of its pointers is set.
type Effect struct {
	Seq    uint64   `json:"seq"`
	Send   *Send    `json:"send,omitempty"`
	Frames *Send    `json:"frames,omitempty"` // Payload: whole server frames, as RFC 6455 has them
	Close  *Close   `json:"close,omitempty"`
	Log    *Log     `json:"log,omitempty"`
	Done   *Done    `json:"done,omitempty"`
	Failed *Failure `json:"failed,omitempty"`
	// Stray is what was printed past the PHP half; it belongs to no event and has Seq 0.
	Stray string `json:"-"`
}

// Last reports whether the effect ends its event.
func (e *Effect) Last() bool { return e.Done != nil || e.Failed != nil }

// check refuses what no PHP half writes.
func (e *Effect) check() error {
	n := 0
	for _, set := range []bool{e.Send != nil, e.Frames != nil, e.Close != nil, e.Log != nil, e.Done != nil, e.Failed != nil} {
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

// payload returns the part whose raw bytes follow the line, or nil.
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

// Close ends a client's connection. Code 0 drops it without a close frame, as close_client without a status did.
type Close struct {
	Client int64  `json:"client"`
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Handled says that the close handlers ran in this event, so that no close event is due.
	Handled bool `json:"handled,omitempty"`
}

// Log is a line for the server's log: a show_message, a PHP warning, or something printed.
type Log struct {
	Level   string `json:"level"` // debug, info, warning, error
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// Done ends an event that ran to its end.
type Done struct {
	Result json.RawMessage `json:"result,omitempty"`
	// Rows are the changed rows by client key; nil stands for a row that the handler removed.
	Rows RowChanges `json:"rows,omitempty"`
	// Globals are the changes of the global variables that live; nil: there are none.
	Globals *GlobalChanges `json:"globals,omitempty"`
	// Code is the fingerprint of the application's files.
	Code string `json:"code,omitempty"`
	// Took is how long PHP was at work, in seconds: from the request's begin, or the end of the event before.
	Took float64 `json:"took,omitempty"`
}

// GlobalChanges is what an event changed in the global variables that live.
type GlobalChanges struct {
	Unset []string `json:"unset,omitempty"`
	Set   Fields   `json:"set,omitempty"`
	// Lost says, by name, what a variable was given that cannot outlive an event.
	Lost map[string]string `json:"lost,omitempty"`
}

// Apply changes f: removals first, as those of a row.
func (c *GlobalChanges) Apply(f *Fields) {
	change := RowChange{Unset: c.Unset, Set: c.Set}
	change.Apply(f)
}

// RowChanges are an event's changes by client key.
type RowChanges map[int64]*RowChange

// UnmarshalJSON reads an object; an empty array stands for an empty object, as PHP writes it.
func (r *RowChanges) UnmarshalJSON(data []byte) error {
	if string(data) == "[]" {
		return nil
	}
	return json.Unmarshal(data, (*map[int64]*RowChange)(r))
}

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
