package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

const (
	maxTraced        = 64       // effects of an event that are kept one by one
	maxTracedPayload = 64 << 10 // bytes of a payload
	maxFaultMessage  = 2 << 10  // bytes of an error's text: php adds a stack trace to some
)

// Trace is one event that is over: what it was, where its time went, what it made and how it ended. It is not to be changed.
type Trace struct {
	Observation

	Time   time.Time // when it was over
	Seq    uint64
	Client int64 // 0: the server
	Bytes  int   // of its payload
	Made   Made
	Fault  *Fault // nil: it did not fail

	// Only of an event that a Tail wants, or that somebody waits for.
	Payload []byte   // if asked for; at most 64 KiB of it
	Effects []Effect // in their order, at most 64
	More    int      // effects beyond those
	Result  json.RawMessage
}

// Made is what an event made, in numbers.
type Made struct {
	Sent      int // messages, counted once for each socket they were queued for
	SentBytes int
	Closed    int // clients
	Rows      int // rows changed
}

// Less returns what was made since before.
func (m Made) Less(before Made) Made {
	return Made{m.Sent - before.Sent, m.SentBytes - before.SentBytes, m.Closed - before.Closed, m.Rows - before.Rows}
}

// Fault is how an event failed.
type Fault struct {
	Name    string // as outcome.Of
	Message string
	File    string // of the application; empty if PHP named none
	Line    int
}

// Effect is one thing that an event made: exactly one of its fields is set.
type Effect struct {
	Send  *Sent
	Close *protocol.Close
	Log   *protocol.Log
}

// Sent is a message, or with Frames those that the bytes given to do_reply are.
type Sent struct {
	To      protocol.Recipients
	Sockets int // it was queued for
	Binary  bool
	Frames  bool
	Bytes   int
	Payload []byte // if asked for; at most 64 KiB of it
}

// NewFault returns how an event failed with err; nil for nil.
func NewFault(err error) *Fault {
	if err == nil {
		return nil
	}
	fault := &Fault{Name: outcome.Of(err).Name, Message: err.Error()}
	if f, ok := errors.AsType[*protocol.Failure](err); ok {
		fault.Message, fault.File, fault.Line = f.Message, f.File, f.Line
	}
	if len(fault.Message) > maxFaultMessage {
		fault.Message = string(bytes.ToValidUTF8([]byte(fault.Message[:maxFaultMessage]), nil)) + "…"
	}
	return fault
}
