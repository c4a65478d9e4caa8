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
	Initialize   Kind = "initialize"   // ws_server_initialize, before the pipe and the listener exist
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
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{Describe, Inspect, Initialize, Started, Loop, Fifo, Connect, Read, Authenticate, Open, Text, Binary, Closing,
		Shutdown, Finalize}
}

// IsServerHandler reports whether a handler is called for the server and not for a client.
func IsServerHandler(name string) bool {
	switch Kind(strings.TrimPrefix(name, "ws_server_")) {
	case Initialize, Started, Loop, Fifo, Shutdown, Finalize:
		return true
	}
	return false
}

// Handlers returns the functions that the PHP half calls for an event of kind k. If none of them exists, the event needs no
// request.
func (k Kind) Handlers() []string {
	switch k {
	case Describe, Inspect:
		return nil
	case Closing:
		return []string{"ws_server_before_close", "ws_server_after_close"}
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
	// Open holds the keys of all open clients, as AppendRanges writes them. If it is nil, PHP reads them from the file of
	// WSBRIDGE_PRESENCE, or does not need them.
	Open *string
	// Sockets says that the handler looks at $sockets or $server.
	Sockets bool
	// Values are the living global variables that the handler may read or write, as far as they have a value.
	Values Encoded
	// Globals are the names of the global variables whose changes PHP reports. With AnyGlobal it reports those of all.
	Globals   []string
	AnyGlobal bool
	// Result asks for what ws_server_fifo returns.
	Result bool

	// Timing is set when the event has been run.
	Timing Timing
}

// Timing says where the time of a request went. If a request carries several events, the first has it.
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
	if len(e.Globals) > 0 {
		names, _ := json.Marshal(e.Globals) // strings: it cannot fail
		b = append(append(b, `,"globals":`...), names...)
	}
	if e.hasRows() {
		b = appendNumber(b, "rows", int64(e.Rows.size()))
	}
	if e.Values.Entries > 0 {
		b = appendNumber(b, "values", int64(e.Values.size()))
	}
	b = appendNumber(b, "length", int64(len(e.Payload)))
	return append(b, '}', '\n')
}

func (e *Event) appendFlags(b []byte) []byte {
	for _, flag := range [...]struct {
		name string
		set  bool
	}{
		{"whole", e.Whole}, {"sockets", e.Sockets}, {"any_global", e.AnyGlobal}, {"result", e.Result},
		{"tagged", e.Rows.Tagged || e.Values.Tagged}, {"zeros", e.Rows.Zeros || e.Values.Zeros},
	} {
		if flag.set {
			b = append(append(append(b, `,"`...), flag.name...), `":true`...)
		}
	}
	return b
}

// AppendBlocks appends the blocks that follow the event's line, in pieces that share the event's memory.
func (e *Event) AppendBlocks(pieces [][]byte) [][]byte {
	if e.hasRows() {
		pieces = e.Rows.appendPieces(pieces)
	}
	if e.Values.Entries > 0 {
		pieces = e.Values.appendPieces(pieces)
	}
	return append(pieces, e.Payload)
}

func (e *Event) hasRows() bool { return e.Whole || e.Rows.Entries > 0 }

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
