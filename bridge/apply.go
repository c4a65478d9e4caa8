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

// apply carries out one effect of PHP. It never blocks.
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
		x.log().Info("printed by the application", sourceApplication(), "text", e.Stray)
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

// text makes a text message valid UTF-8: a browser would end the connection otherwise (RFC 6455, section 8.1).
func (x *exchange) text(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	x.log().Warn("text is not utf-8: invalid bytes were replaced", keyBytes, len(data))
	return bytes.ToValidUTF8(data, []byte("\uFFFD"))
}

// sendFrames sends the messages of the raw frames given to do_reply.
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
		x.bridge.logPayload(x.log(), "message to clients", data)
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
		c.end(outcome.EndedSlow) // its send queue is full
		x.warnUnsent(c.key, err)
	})
}

// warnUnsent logs that a message was not sent to a client, once per event.
func (x *exchange) warnUnsent(client int64, err error) {
	if x.missed[client] {
		return
	}
	if x.missed == nil {
		x.missed = map[int64]bool{}
	}
	x.missed[client] = true
	x.log().Warn("message was not sent", keyTarget, client, keyError, err)
}

// recipients leaves out clients to which nothing can be sent. Before its 101 nothing may be sent to a client.
func (x *exchange) recipients(to protocol.Recipients) []*client {
	if to.Open {
		return x.bridge.openClients(nil)
	}
	clients, missing := x.bridge.clients.opened(to.Keys)
	for _, key := range missing {
		x.warnUnsent(key, errNoClient)
	}
	return clients
}

// close ends a client. Its close handlers have run in this event, or still have to run.
func (x *exchange) close(e *protocol.Close) {
	c := x.bridge.clients.get(e.Client)
	if c == nil {
		return // it has left in the meantime
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

// relay logs a line of the PHP half.
func (x *exchange) relay(l *protocol.Log) {
	attrs := []slog.Attr{sourceApplication()}
	if l.File != "" {
		attrs = append(attrs, slog.String(keyFile, l.File), slog.Int(keyLine, l.Line))
	}
	x.log().LogAttrs(context.Background(), l.Severity(), l.Message, attrs...)
}
