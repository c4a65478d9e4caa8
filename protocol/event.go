package protocol

import "strconv"

// Version is the contract's version; the PHP half refuses any other.
const Version = 1

// Kind names what happened, and with it the handlers the PHP half calls.
type Kind string

const (
	Describe     Kind = "describe"     // no handler; reports what exists
	Inspect      Kind = "inspect"      // no handler; reports what its owner should know of the code
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
	Shutdown     Kind = "shutdown"     // ws_server_shutdown, every client gone
	Finalize     Kind = "finalize"     // ws_server_finalize, last
)

// Handlers lists the functions the PHP half calls for an event of kind k. If none of them exists the event needs no
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

// Event is one thing that happened to a client, or to the server if Client is 0.
type Event struct {
	Kind    Kind
	Seq     uint64
	Client  int64
	Payload []byte

	// Table is every row as one JSON object by client key; if nil, the event sees only Row and Open.
	Table []byte
	// Row is the client's own row as JSON.
	Row []byte
	// Open is the keys of all open clients, as AppendRanges writes them.
	Open string
}

// AppendTo appends the event as it stands in a request's body.
func (e *Event) AppendTo(b []byte) []byte {
	b = append(b, `{"v":1,"seq":`...)
	b = strconv.AppendUint(b, e.Seq, 10)
	b = append(b, `,"event":"`...)
	b = append(b, e.Kind...)
	b = append(b, '"')
	if e.Client != 0 {
		b = append(b, `,"client":`...)
		b = strconv.AppendInt(b, e.Client, 10)
	}
	b = append(b, `,"length":`...)
	b = strconv.AppendInt(b, int64(len(e.Payload)), 10)
	switch {
	case e.Table != nil:
		b = append(b, `,"table":`...)
		b = append(b, e.Table...)
	case e.Row != nil:
		b = append(b, `,"row":`...)
		b = append(b, e.Row...)
		fallthrough
	default:
		b = append(b, `,"open":"`...)
		b = append(b, e.Open...)
		b = append(b, '"')
	}
	b = append(b, '}', '\n')
	return append(b, e.Payload...)
}

// Size is the number of bytes AppendTo appends at most.
func (e *Event) Size() int {
	const frame = 160 // keys and numbers of the line
	return frame + len(e.Payload) + len(e.Table) + len(e.Row) + len(e.Open)
}

// AppendRanges appends ascending keys as ranges: 1, 2, 3, 7 become "1-3,7". Keys grow and are rarely missing, so the
// text stays short however many clients there are.
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
