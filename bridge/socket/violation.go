package socket

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// violation is why a client's connection fails (RFC 6455, section 7.1.7).
type violation struct {
	ending outcome.Ending
	what   string
}

func (v *violation) Error() string { return v.what }

func wrong(format string, args ...any) error {
	return &violation{outcome.EndedProtocol, fmt.Sprintf(format, args...)}
}

// closeFrameError returns what a client's close frame means: a websocket.CloseError, or a violation (RFC 6455, sections 5.5.1 and 7.4).
func closeFrameError(payload []byte) error {
	if len(payload) == 0 {
		return &websocket.CloseError{Code: websocket.CloseNoStatusReceived}
	}
	code, reason := int(binary.BigEndian.Uint16(payload)), payload[2:]
	switch {
	case !outcome.ValidCloseCode(code):
		return wrong("close code %d", code)
	case !utf8.Valid(reason):
		return &violation{outcome.EndedNotUTF8, "close reason is not utf-8"}
	}
	return &websocket.CloseError{Code: code, Text: string(reason)}
}
