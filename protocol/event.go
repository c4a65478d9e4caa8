package protocol

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Version is the contract's version; the PHP half refuses any other.
const Version = 1

// Kind says what happened, and so which handlers the PHP half calls.
type Kind string

const (
	Describe     Kind = "describe"     // no handler; the result is a Description
	Inspect      Kind = "inspect"      // no handler; the result is an Inspection
	Initialize   Kind = "initialize"   // ws_server_initialize, before any client and document
	Started      Kind = "started"      // ws_server_started, listening
	Loop         Kind = "loop"         // ws_server_loop
	Fifo         Kind = "fifo"         // ws_server_fifo; payload: one document
	Connect      Kind = "connect"      // ws_server_connect, TCP accepted
	Read         Kind = "read"         // ws_server_read; payload: raw bytes of one read
	Authenticate Kind = "authenticate" // ws_server_authenticate, handshake read
	Open         Kind = "open"         // ws_server_open, 101 sent
	Text         Kind = "text"         // ws_server_text; payload: one message, UTF-8
	Binary       Kind = "binary"       // ws_server_binary; payload: one message
	Closing      Kind = "close"        // ws_server_before_close, the close effect, ws_server_after_close
	Shutdown     Kind = "shutdown"     // ws_server_shutdown, all clients gone
	Finalize     Kind = "finalize"     // ws_server_finalize, last
	Process      Kind = "process"      // ws_process_loop and others, for each process that handlers have started
)

// Events of a resident worker, which no handler is called for.
const (
	Fill  Kind = "fill"  // it is to load the application and run events: all rows and living global variables; payload: a ChildSet
	Check Kind = "check" // the result is a Checkup
	Audit Kind = "audit" // it compares rows and living global variables with its own; payload: an AuditRange; the result is an Audited
	Leave Kind = "leave" // it ends; payload: LeaveForGood, or none if there will be another worker
)

// LeaveForGood is the payload of a Leave after which no worker comes: the processes that handlers have started are to end, too.
const LeaveForGood = "end"

// Kinds returns every kind but those of resident workers alone.
func Kinds() []Kind {
	return []Kind{Describe, Inspect, Initialize, Started, Loop, Fifo, Connect, Read, Authenticate, Open, Text, Binary, Closing,
		Shutdown, Finalize, Process}
}

// IsServerHandler reports whether a handler is called for the server and not for a client.
func IsServerHandler(name string) bool {
	if IsProcessHandler(name) {
		return true
	}
	switch Kind(strings.TrimPrefix(name, "ws_server_")) {
	case Initialize, Started, Loop, Fifo, Shutdown, Finalize:
		return true
	}
	return false
}

// IsQuestion reports whether an event of kind k asks about the application's code and runs no handler.
func (k Kind) IsQuestion() bool { return k == Describe || k == Inspect }

// IsProcessHandler reports whether a handler is called for a process that handlers have started.
func IsProcessHandler(name string) bool { return strings.HasPrefix(name, "ws_process_") }

// Handlers returns the functions that the PHP half calls for an event of kind k. If none of them exists, the event needs no
// request.
func (k Kind) Handlers() []string {
	switch k {
	case Describe, Inspect:
		return nil
	case Closing:
		return []string{"ws_server_before_close", "ws_server_after_close"}
	case Process:
		return []string{"ws_process_loop", "ws_process_stdout", "ws_process_stderr", "ws_process_eof", "ws_process_timeout"}
	}
	return []string{"ws_server_" + string(k)}
}

// Event is something that happened to a client, or to the server if Client is 0. The memory that it refers to must not change
// while it is sent.
type Event struct {
	Kind    Kind
	Seq     uint64
	Client  int64
	Payload []byte
	// Environment is the CGI environment of the client's handshake, in a form that only the package that runs the event
	// knows. Nil is the server's own.
	Environment []byte

	// Code is the fingerprint of the code that the bridge knows. PHP runs no other code, but fails the event with
	// FailedChanged. If Code is empty, PHP runs any code.
	Code string
	// Rows are those of all clients if Whole is set, otherwise the client's own or none.
	Rows  Encoded
	Whole bool
	// Sockets says that the handler looks at $sockets or $server.
	Sockets bool
	// Open holds the keys of all open clients, as AppendRanges writes them. If it is nil, PHP reads them from the file of
	// the option presence, or does not need them.
	Open *string
	// Values are the living global variables that the handler may read or write, as far as they have a value.
	Values Encoded
	// First are the names of living global variables whose values PHP reports even if the event changes nothing: what code outside of
	// functions or ws_server_initialize gives them is not known yet, and would be another value in the next process.
	First []string
	// Globals are the names of the global variables whose changes PHP reports. With AnyGlobal it reports those of all.
	Globals   []string
	AnyGlobal bool
	// Linked says that several of Globals may hold the same object.
	Linked bool
	// Result asks for what ws_server_fifo returns.
	Result bool
	// Parameters says that the handlers look at Environment, or at the client's session. All events of a request say the same.
	Parameters bool
	// Clock asks PHP not to count in Done.Took what it has waited for a processor, which takes some microseconds.
	Clock bool
	// Identify asks for Done.Worker.
	Identify bool
	// Until is when nobody waits for the event any more, in milliseconds since 1970; 0: not said. PHP does not begin it later.
	Until int64
	// Trace is the event's place in a trace, as the header field traceparent of W3C Trace Context has it; empty: it is in none.
	Trace string

	// Meta are the CGI meta-variables of Environment by name: for a resident worker with the first event of a client, and in a request for
	// all events but the first if Parameters is set.
	Meta Encoded

	// For a resident worker only. Changes are
	// what has changed in rows since the event before, see AppendChange. Own says that the handlers reach the row of their own client
	// only, so that PHP looks for changes nowhere else.
	Changes Encoded
	Left    []int64 // the clients whose rows Changes removes
	// Watch asks whether the handlers write what their code does not show, see Done.Wrote.
	Watch bool
	Own   bool
	// After, of an Open, says that it comes right after its client's Authenticate, before that has ended: handlers are called only if that
	// lets the client in. Else, if not nil, is the Closing that runs if it does not; of that only what its handlers need counts.
	After bool
	Else  *Event
	// Beside, of a Fill, makes the worker run events that bring their own rows and global variables, as requests do.
	Beside bool

	// Worker is set when the event is sent to a resident worker: the id of its process, as it knows it. 0 is a request of the event's own.
	Worker int
	// Timing is set when the event has been run.
	Timing Timing
}

// Timing says where the time of a request went. If a request carries several events, none has it.
type Timing struct {
	Connect  time.Duration // waiting for a connection
	Exchange time.Duration // from the request's first byte to the answer's last
}

// AppendTo appends the event as it appears in the body of a request.
func (e *Event) AppendTo(b []byte) []byte {
	b = e.AppendLine(b)
	for _, block := range e.AppendBlocks(nil) {
		b = append(b, block...)
	}
	return b
}

// AppendLine appends the event's line, which holds the lengths of its blocks.
func (e *Event) AppendLine(b []byte) []byte {
	b = append(b, `{"v":1,"seq":`...)
	b = strconv.AppendUint(b, e.Seq, 10)
	b = append(b, `,"event":"`...)
	b = append(b, e.Kind...)
	b = append(b, '"')
	if e.Client != 0 {
		b = appendNumber(b, "client", e.Client)
	}
	if e.Code != "" {
		b = appendText(b, "code", e.Code)
	}
	if e.Open != nil {
		b = appendText(b, "open", *e.Open)
	}
	b = e.appendFlags(b)
	b = appendNames(b, "globals", e.Globals)
	b = appendNames(b, "first", e.First)
	if e.Else != nil {
		b = append(append(append(b, `,"else":{"event":"`...), e.Else.Kind...), '"')
		b = append(appendNames(e.Else.appendFlags(b), "globals", e.Else.Globals), '}')
	}
	if e.Trace != "" {
		b = appendText(b, "trace", e.Trace)
	}
	if e.Until > 0 {
		b = appendNumber(b, "until", e.Until)
	}
	if e.Meta.Entries > 0 {
		b = appendNumber(b, "environment", int64(e.Meta.Size()))
	}
	if e.hasRows() {
		b = appendNumber(b, "rows", int64(e.Rows.Size()))
	}
	if e.Changes.Entries > 0 {
		b = appendNumber(b, "changes", int64(e.Changes.Size()))
	}
	if e.Values.Entries > 0 {
		b = appendNumber(b, "values", int64(e.Values.Size()))
	}
	b = appendNumber(b, "length", int64(len(e.Payload)))
	return append(b, '}', '\n')
}

func (e *Event) appendFlags(b []byte) []byte {
	for _, flag := range [...]struct {
		name string
		set  bool
	}{
		{"whole", e.Whole}, {"sockets", e.Sockets}, {"any_global", e.AnyGlobal}, {"linked", e.Linked}, {"result", e.Result},
		{"own", e.Own}, {"watch", e.Watch}, {"after", e.After}, {"beside", e.Beside}, {"parameters", e.Parameters}, {"clock", e.Clock}, {"identify", e.Identify},
		{"tagged", e.Rows.Tagged || e.Values.Tagged || e.Changes.Tagged}, {"zeros", e.Rows.Zeros || e.Values.Zeros},
	} {
		if flag.set {
			b = append(append(append(b, `,"`...), flag.name...), `":true`...)
		}
	}
	return b
}

// AppendBlocks appends the blocks that follow the event's line, in pieces that share the event's memory.
func (e *Event) AppendBlocks(pieces [][]byte) [][]byte {
	if e.Meta.Entries > 0 {
		pieces = e.Meta.appendPieces(pieces)
	}
	if e.hasRows() {
		pieces = e.Rows.appendPieces(pieces)
	}
	if e.Changes.Entries > 0 {
		pieces = e.Changes.appendPieces(pieces)
	}
	if e.Values.Entries > 0 {
		pieces = e.Values.appendPieces(pieces)
	}
	return append(pieces, e.Payload)
}

func (e *Event) hasRows() bool { return e.Whole || e.Rows.Entries > 0 }

func appendNames(b []byte, member string, names []string) []byte {
	if len(names) == 0 {
		return b
	}
	list, _ := json.Marshal(names) // strings: it cannot fail
	return append(append(append(append(b, `,"`...), member...), `":`...), list...)
}

func appendNumber(b []byte, name string, n int64) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, n, 10)
}

// appendText appends a member whose text needs no escaping in JSON.
func appendText(b []byte, name, text string) []byte {
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(append(b, text...), '"')
}

// AppendRanges appends ascending keys as ranges: 1, 2, 3, 7 become "1-3,7". Keys are given in order and gaps are few, so the text
// stays short however many clients there are.
func AppendRanges(b []byte, keys []int64) []byte {
	for i := 0; i < len(keys); {
		last := i
		for last+1 < len(keys) && keys[last+1] == keys[last]+1 {
			last++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, keys[i], 10)
		if last > i {
			b = append(b, '-')
			b = strconv.AppendInt(b, keys[last], 10)
		}
		i = last + 1
	}
	return b
}
