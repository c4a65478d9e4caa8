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

// perform carries out one effect of PHP. It never blocks.
func (x *exchange) perform(e *protocol.Effect) {
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

// sendFrames sends the messages of the raw frames given to do_reply, or the bytes to a client that speaks no WebSocket yet.
func (x *exchange) sendFrames(s *protocol.Send) {
	if len(s.To.Keys) == 1 {
		if c := x.bridge.clients.early(s.To.Keys[0]); c != nil {
			x.sendEarly(c, s.Payload)
			return
		}
	}
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

func (x *exchange) sendEarly(c *client, data []byte) {
	if x.bridge.cfg().LogPayloads {
		x.bridge.logPayload(x.log(), "bytes to a client", data)
	}
	switch err := c.early.Send(data, x.client == c); {
	case err == nil:
		x.made.Sent++
		x.made.SentBytes += len(data)
	case errors.Is(err, socket.ErrFull):
		x.unsent(c, err)
	default: // its handshake is being answered
		x.warnUnsent(c.key, errNoClient)
	}
}

// deliver sends a message to each recipient.
func (x *exchange) deliver(to protocol.Recipients, op socket.Opcode, data []byte) {
	if x.bridge.cfg().LogPayloads {
		x.bridge.logPayload(x.log(), "message to clients", data)
	}
	m := socket.NewMessage(op, data)
	if !to.Open && len(to.Keys) == 1 {
		x.sendToOne(to.Keys[0], m)
		return
	}
	var missing []int64
	failures := 0
	clients := x.bridge.sendAll(m, func() (found []*client) {
		found, missing = x.recipients(to)
		return found
	}, func(c *client, err error) {
		failures++
		x.unsent(c, err)
	})
	for _, key := range missing {
		x.warnUnsent(key, errNoClient)
	}
	x.countSent(m, len(clients)-failures)
}

func (x *exchange) sendToOne(key int64, m *socket.Message) {
	c := x.client // usually, which saves to look for it
	if c == nil || c.key != key || !c.upgraded.Load() || c.hasLeft() {
		c = x.bridge.clients.openedOne(key)
	}
	if c == nil {
		x.warnUnsent(key, errNoClient)
	} else if err := c.send(m); err != nil {
		x.unsent(c, err)
	} else {
		x.countSent(m, 1)
	}
}

// countSent notes that a message was sent to so many clients.
func (x *exchange) countSent(m *socket.Message, clients int) {
	x.made.Sent += clients
	x.made.SentBytes += clients * m.Size()
}

// unsent is called with the error with which a message could not be sent to c.
func (x *exchange) unsent(c *client, err error) {
	if errors.Is(err, socket.ErrClosed) {
		x.log().Debug("message was not sent", keyTarget, c.key, keyError, err)
		return
	}
	c.end(outcome.EndedSlow) // its send queue is full
	x.warnUnsent(c.key, err)
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

// recipients returns the clients to which a message can be sent, and the keys of all others. Before its 101 nothing may be sent to a client.
func (x *exchange) recipients(to protocol.Recipients) (found []*client, missing []int64) {
	if to.Open {
		return x.bridge.openClients(nil), nil
	}
	return x.bridge.clients.opened(to.Keys)
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

// relay logs a line of the PHP half. One that should be in the daily file and is not must not get lost here, too.
func (x *exchange) relay(l *protocol.Log) {
	attrs := []slog.Attr{sourceApplication()}
	if l.File != "" {
		attrs = append(attrs, slog.String(keyFile, l.File), slog.Int(keyLine, l.Line))
	}
	level := l.Severity()
	if l.Daily != nil && l.Daily.Error != "" {
		level = max(level, slog.LevelWarn)
	}
	x.log().LogAttrs(context.Background(), level, l.Message, attrs...)
	if l.Daily != nil {
		x.bridge.daily.note(l.Daily, x.bridge.log)
	}
}
