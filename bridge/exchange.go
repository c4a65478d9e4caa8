package bridge

import (
	"errors"
	"log/slog"

	"github.com/wsbridge/wsbridge/protocol"
)

// exchange is one event on its way through PHP.
type exchange struct {
	bridge *Bridge
	client *client // nil: the server's
	kind   protocol.Kind
	seq    uint64
	log    *slog.Logger

	done    *protocol.Done
	failure *protocol.Failure
}

// run makes the request; effects are applied as they arrive, changed rows at the end.
func (x *exchange) run(payload []byte) error {
	b := x.bridge
	event := &protocol.Event{Kind: x.kind, Seq: x.seq, Payload: payload}
	var env []byte
	if x.client != nil {
		event.Client = x.client.key
		env = x.client.env
	}
	if b.alone(x.client) {
		event.Table = b.table.snapshot()
	} else {
		event.Row, event.Open = b.table.ownRow(x.client)
	}
	if err := b.cfg.PHP.Run(b.base, env, x.apply, event); err != nil {
		return err
	}
	if x.done != nil {
		for _, c := range b.table.apply(x.done.Rows) {
			c.log.Warn("a handler removed the client's row", keyEvent, x.kind, keySeq, x.seq)
			code, reason := protocol.EndedNoRow.Close()
			c.markEnded(protocol.EndedNoRow, code, reason)
			c.leave()
		}
	}
	return nil
}

// mayWait reports whether the event waits for a php-fpm that is away; those of a handshake do not.
func (x *exchange) mayWait() bool {
	if x.kind == protocol.Closing {
		ending, _, _ := x.client.how()
		return ending != protocol.EndedRefused
	}
	return x.kind != protocol.Authenticate
}

// logFailure is the one place where a failed event is logged.
func (x *exchange) logFailure(err error) {
	var f *protocol.Failure
	if errors.As(err, &f) {
		log := x.log
		if f.File != "" {
			log = log.With(keyFile, f.File, keyLine, f.Line)
		}
		log.Error("handler failed", keyError, string(f.Kind)+": "+f.Message)
		return
	}
	x.log.Error("event failed", keyError, err)
}
