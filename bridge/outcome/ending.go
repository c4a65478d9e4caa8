package outcome

// Ending is a way in which a connection ends. Each has a close code and a reason for the client (RFC 6455, section 7.4). docs/endings.md
// has a table of them.
type Ending uint8

const (
	EndedByClient   Ending = iota // it sent a close frame; the code is sent back
	EndedByHangup                 // the socket ended without a close frame
	EndedByHandler                // close_client, with the handler's code
	EndedByServer                 // shutting down
	EndedRefused                  // the handshake was refused, with an HTTP status: see Refusal
	EndedProtocol                 // a frame that violates RFC 6455
	EndedTooBig                   // a message that is too big
	EndedNotUTF8                  // a text message, or the reason of a close frame, that is not UTF-8
	EndedNoBinary                 // a binary message without ws_server_binary
	EndedFlood                    // too many messages, control frames or empty frames
	EndedIdle                     // no message in either direction for too long
	EndedSlow                     // the client does not read what it is sent
	EndedSilent                   // no pong in time
	EndedBusy                     // php-fpm could not take the event in time
	EndedFailed                   // the event failed and on_error is "close"
	EndedNoRow                    // a handler removed the client's row
	EndedMemory                   // all clients take too much memory, and this one most
	EndedUnfinished               // a message took too long to arrive
	EndedByOperator               // by the control API, with the operator's code
	EndedByCrash                  // wsbridge ended before its close event, which runs at the next start
	EndedMoved                    // another process takes over, and this connection cannot move
)

// terms are what an ending means for a client.
type terms struct {
	name   string
	code   int
	reason string
	retry  bool
}

func (e Ending) terms() terms {
	all := [...]terms{
		EndedByClient:  {"client", 1000, "", false},
		EndedByHangup:  {"hangup", 0, "", true},
		EndedByHandler: {"handler", 1000, "", false},
		EndedByServer:  {"server", 1001, "server shutting down", true},
		EndedRefused:   {"refused", 0, "", false},
		EndedProtocol:  {"protocol", 1002, "protocol error", false},
		EndedTooBig:    {"too_big", 1009, "message too big", false},
		EndedNotUTF8:   {"not_utf8", 1007, "text is not utf-8", false},
		EndedNoBinary:  {"no_binary", 1003, "binary messages are not supported", false},
		EndedFlood:     {"flood", 1008, "too many messages", false},
		EndedIdle:      {"idle", 1008, "idle for too long", true},
		EndedSlow:      {"slow", 1013, "too slow", true},
		EndedSilent:    {"silent", 0, "", true},
		EndedBusy:      {"busy", 1013, "try again later", true},
		EndedFailed:    {"failed", 1011, "internal error", true},
		EndedNoRow:     {"no_row", 1011, "internal error", false},
		EndedMemory:    {"memory", 1013, "too much in memory", true},

		EndedUnfinished: {"unfinished", 1008, "message took too long", true},
		EndedByOperator: {"operator", 1000, "", false},
		EndedByCrash:    {"crash", 0, "", true},
		EndedMoved:      {"moved", 1012, "server restarts", true},
	}
	if int(e) < len(all) {
		return all[e]
	}
	return terms{name: "unknown"}
}

// Endings returns all endings.
func Endings() []Ending {
	all := make([]Ending, 0, EndedMoved+1)
	for e := EndedByClient; e <= EndedMoved; e++ {
		all = append(all, e)
	}
	return all
}

// Close returns the code and the reason of the close frame. Code 0 means that no close frame is sent.
func (e Ending) Close() (code int, reason string) {
	t := e.terms()
	return t.code, t.reason
}

// Retry reports whether it makes sense for the client to connect again at once or a little later. For EndedRefused the HTTP status says
// so.
func (e Ending) Retry() bool { return e.terms().retry }

// String returns the ending's name in logs and metrics.
func (e Ending) String() string { return e.terms().name }
