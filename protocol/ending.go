package protocol

// Ending names every way a connection ends. Each has a close code and reason for the client (RFC 6455, section 7.4).
type Ending uint8

const (
	EndedByClient   Ending = iota // its close frame arrived; the code is echoed
	EndedByHangup                 // the socket ended without a close frame; nothing can be sent
	EndedByHandler                // close_client, with the handler's code
	EndedByServer                 // shutting down
	EndedRefused                  // the handshake was refused, with an HTTP status
	EndedProtocol                 // a frame against RFC 6455
	EndedTooBig                   // a message over the limit
	EndedNotUTF8                  // a text message, or the reason of a close frame, that is not UTF-8
	EndedNoBinary                 // a binary message, and no ws_server_binary
	EndedSlow                     // the client does not read what it is sent
	EndedSilent                   // no pong in time
	EndedBusy                     // php-fpm could not take the event in time
	EndedFailed                   // the event failed and on_error is "close"
	EndedNoRow                    // a handler removed the client's row
	EndedByOperator               // by the control API, with the operator's code
)

// Close returns the code and the reason of the close frame; code 0 means that none is sent.
func (e Ending) Close() (code int, reason string) {
	switch e {
	case EndedByClient, EndedByHandler, EndedByOperator:
		return 1000, ""
	case EndedByServer:
		return 1001, "server shutting down"
	case EndedProtocol:
		return 1002, "protocol error"
	case EndedNoBinary:
		return 1003, "binary messages are not supported"
	case EndedNotUTF8:
		return 1007, "text is not utf-8"
	case EndedTooBig:
		return 1009, "message too big"
	case EndedFailed, EndedNoRow:
		return 1011, "internal error"
	case EndedSlow:
		return 1013, "too slow"
	case EndedBusy:
		return 1013, "try again later"
	}
	return 0, ""
}

// Retry reports whether a client may sensibly connect again at once or a little later.
func (e Ending) Retry() bool {
	switch e {
	case EndedByHangup, EndedByServer, EndedSlow, EndedSilent, EndedBusy, EndedFailed:
		return true
	}
	return false
}

// String is the ending's name in logs and metrics.
func (e Ending) String() string {
	names := [...]string{"client", "hangup", "handler", "server", "refused", "protocol", "too_big", "not_utf8",
		"no_binary", "slow", "silent", "busy", "failed", "no_row", "operator"}
	if int(e) < len(names) {
		return names[e]
	}
	return "unknown"
}
