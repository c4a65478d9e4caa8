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
	maxTraced        = 64       // effects of one event
	maxTracedPayload = 64 << 10 // bytes of a payload
	maxFaultMessage  = 2 << 10  // bytes of an error's text; php adds a stack trace to some
)

// Trace is an event that has ended: what it was, where its time went, what it made and how it ended. It must not be changed.
type Trace struct {
	Observation

	Time   time.Time // of its end
	Seq    uint64
	Client int64 // 0: the server
	Bytes  int   // of its payload
	Worker int   // the id of the process of the resident worker that ran it; 0: it was a request of its own. A History does not keep it
	Made   Made
	Fault  *Fault // nil: it succeeded

	// Set by a Recorder.
	Payload []byte   // if it was asked for; the first 64 KiB
	Effects []Effect // the first 64
	More    int      // number of further effects
	Result  json.RawMessage
}

// Made counts what an event made.
type Made struct {
	Sent      int // messages, times the sockets for which they were queued
	SentBytes int
	Closed    int // clients
	Rows      int // that changed
}

// Less returns the difference to before.
func (m Made) Less(before Made) Made {
	return Made{m.Sent - before.Sent, m.SentBytes - before.SentBytes, m.Closed - before.Closed, m.Rows - before.Rows}
}

// Fault says how an event failed.
type Fault struct {
	Name    string // of its outcome, see outcome.Of
	Message string
	File    string // of the application; empty if PHP named none
	Line    int
}

// Effect is one effect of an event. Exactly one field is set.
type Effect struct {
	Send  *Sent
	Close *protocol.Close
	Log   *protocol.Log
}

// Sent is a message or, with Frames, the raw frames given to do_reply.
type Sent struct {
	To      protocol.Recipients
	Sockets int // for which it was queued
	Binary  bool
	Frames  bool
	Bytes   int
	Payload []byte // if it was asked for; the first 64 KiB
}

// NewFault returns the Fault of an event that failed with err, or nil if err is nil.
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
