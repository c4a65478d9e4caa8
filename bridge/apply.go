package bridge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// errNoClient says that the client has left, or was never there.
var errNoClient = errors.New("no such open client")

// apply does what PHP says, as it says it. It never blocks.
func (x *exchange) apply(e *protocol.Effect) error {
	switch {
	case e.Send != nil:
		x.send(e.Send)
	case e.Frames != nil:
		x.sendFrames(e.Frames)
	case e.Close != nil:
		x.close(e.Close)
	case e.Log != nil:
		x.relay(e.Log)
	case e.Done != nil:
		x.done = e.Done
	case e.Failed != nil:
		x.failure = e.Failed
	case e.Stray != "":
		x.log().Info("printed by the application", fromApplication(), "text", e.Stray)
	}
	return nil
}

func (x *exchange) send(s *protocol.Send) {
	op := socket.OpBinary
	data := s.Payload
	if !s.Binary {
		op = socket.OpText
		data = x.text(data)
	}
	x.deliver(s.To, op, data)
}

// text makes a text message UTF-8: a browser would end the connection over anything else (RFC 6455, section 8.1).
func (x *exchange) text(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	x.log().Warn("text is not utf-8: invalid bytes were replaced", keyBytes, len(data))
	return bytes.ToValidUTF8(data, []byte("\uFFFD"))
}

// sendFrames does what the bytes given to do_reply say.
func (x *exchange) sendFrames(s *protocol.Send) {
	frames, err := socket.ParseFrames(s.Payload)
	if err != nil {
		x.log().Warn("do_reply was given no websocket frames", keyError, err)
	}
	for _, f := range frames {
		data := f.Payload
		if f.Opcode == socket.OpText {
			data = x.text(data)
		}
		x.deliver(s.To, f.Opcode, data)
	}
}

// deliver sends a message to each recipient.
func (x *exchange) deliver(to protocol.Recipients, op socket.Opcode, data []byte) {
	clients := x.recipients(to)
	if x.bridge.cfg().LogPayloads {
		x.bridge.showPayload(x.log(), "message to clients", data)
	}
	x.made.Sent += len(clients)
	x.made.SentBytes += len(clients) * len(data)
	sendAll(clients, socket.NewMessage(op, data), func(c *client, err error) {
		x.made.Sent--
		x.made.SentBytes -= len(data)
		if errors.Is(err, socket.ErrClosed) {
			x.log().Debug("message was not sent", keyTarget, c.key, keyError, err)
			return
		}
		c.unsent(err)
		x.miss(c.key, err)
	})
}

// miss reports a client that a message did not reach, once in an event.
func (x *exchange) miss(client int64, err error) {
	if x.missed[client] {
		return
	}
	if x.missed == nil {
		x.missed = map[int64]bool{}
	}
	x.missed[client] = true
	x.log().Warn("message was not sent", keyTarget, client, keyError, err)
}

// recipients leaves out who cannot be sent anything: nothing reaches a socket before its 101.
func (x *exchange) recipients(to protocol.Recipients) []*client {
	if to.Open {
		return x.bridge.openClients(nil)
	}
	clients, missing := x.bridge.clients.opened(to.Keys)
	for _, key := range missing {
		x.miss(key, errNoClient)
	}
	return clients
}

// close ends a client whose close handlers ran in this event, or are still to run.
func (x *exchange) close(e *protocol.Close) {
	c := x.bridge.clients.get(e.Client)
	if c == nil {
		return // it left meanwhile
	}
	x.made.Closed++
	code, reason := outcome.CloseFrame(e.Code, e.Reason)
	if e.Code != 0 && code != e.Code {
		x.log().Warn("close code cannot be sent", keyTarget, e.Client, keyCode, e.Code)
	}
	if !e.Handled {
		c.endWith(outcome.EndedByHandler, code, reason)
		return
	}
	c.markEnded(outcome.EndedByHandler, code, reason)
	c.leave()
}

// relay writes a log line of the PHP half into ours.
func (x *exchange) relay(l *protocol.Log) {
	attrs := []slog.Attr{fromApplication()}
	if l.File != "" {
		attrs = append(attrs, slog.String(keyFile, l.File), slog.Int(keyLine, l.Line))
	}
	x.log().LogAttrs(context.Background(), l.Severity(), l.Message, attrs...)
}
