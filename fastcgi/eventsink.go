package fastcgi

import (
	"fmt"
	"net/http"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxRefusal is longer than any text with which php-fpm itself refuses a script.
const maxRefusal = 32

// ScriptError says that php-fpm refused to run the entry script, so that no handler ran. It wraps
// protocol.ErrUnavailable and protocol.ErrRefused.
type ScriptError struct {
	Script string // as php-fpm was told
	Reason string
}

func (e *ScriptError) Error() string { return fmt.Sprintf("run %s: %s", e.Script, e.Reason) }

// Unwrap returns the errors that it is in the contract's terms.
func (e *ScriptError) Unwrap() []error { return []error{protocol.ErrUnavailable, protocol.ErrRefused} }

// exchange is the reading side of one request. It belongs to a connection and serves one request after the other.
type eventSink struct {
	client   *Client
	apply    func(*protocol.Effect) error
	onEffect func(*protocol.Effect) error // the method effect, bound once
	header   header
	decoder  *protocol.AnswerDecoder
	order    answerOrder
	errors   errorStream
	redactor redactor

	body  int // bytes behind the header section
	start [maxRefusal]byte
}

// begin prepares x for the answer to these events.
func (x *eventSink) begin(c *Client, apply func(*protocol.Effect) error, events []*protocol.Event) {
	onEffect, decoder := x.onEffect, x.decoder
	if onEffect == nil {
		onEffect, decoder = x.effect, protocol.NewAnswerDecoder(c.token, c.cfg.MaxPayload)
		decoder.Quote = c.cfg.LogPayloads
	}
	decoder.Reset()
	*x = eventSink{
		client:   c,
		apply:    apply,
		onEffect: onEffect,
		decoder:  decoder,
		order:    answerOrder{events: events},
		redactor: redactor{off: c.cfg.LogPayloads, environment: events[0].Environment, events: events},
	}
	x.errors = errorStream{logger: c.cfg.Logger, announcement: c.announcement, redactor: &x.redactor, event: only(events)}
}

// end logs what is left to be logged and lets go of everything.
func (x *eventSink) end() {
	x.errors.flush()
	*x = eventSink{onEffect: x.onEffect, decoder: x.decoder}
}

// only returns the one event that there is; what PHP writes for several belongs to none of them.
func only(events []*protocol.Event) *protocol.Event {
	if len(events) == 1 {
		return events[0]
	}
	return nil
}

func (x *eventSink) stdout(p []byte) error {
	p, err := x.header.feed(p)
	if err != nil || len(p) == 0 {
		return err
	}
	if x.body < maxRefusal {
		copy(x.start[x.body:], p)
	}
	x.body += len(p)
	return x.decoder.Feed(p, x.onEffect)
}

func (x *eventSink) stderr(p []byte) error {
	x.errors.write(p)
	return nil
}

// effect checks an effect and hands it on.
func (x *eventSink) effect(e *protocol.Effect) error {
	if e.Seq == 0 { // printed by the application
		e.Stray = x.redactor.redact(e.Stray)
		return x.apply(e)
	}
	if err := x.order.accept(e); err != nil {
		return err
	}
	if e.Failed != nil && e.Failed.Kind == protocol.FailedRedeclare {
		x.client.params.yield(e.Failed.Name)
	}
	switch {
	case e.Log != nil:
		e.Log.Message = x.redactor.redact(e.Log.Message)
	case e.Failed != nil:
		e.Failed.Message = x.redactor.redact(e.Failed.Message)
	}
	return x.apply(e)
}

// finish decides, after the end record with that protocol status, whether the answer is whole.
func (x *eventSink) finish(status byte) error {
	switch {
	case status == statusOverloaded && x.body == 0:
		return protocol.ErrOverloaded
	case status != statusComplete:
		return fmt.Errorf("%w: request ended with status %d", protocol.ErrMalformed, status)
	}
	if !x.header.ended {
		return fmt.Errorf("%w: no header section", protocol.ErrMalformed)
	}
	if err := x.decoder.Finish(x.onEffect); err != nil {
		return err
	}
	missing := x.order.unfinished()
	if missing == nil {
		return nil
	}
	if reason := x.refusal(); reason != "" {
		return &ScriptError{x.client.cfg.Script, reason}
	}
	return fmt.Errorf("%w: event %d has no done or failed line (status %d)", protocol.ErrCutOff, missing.Seq, x.header.status)
}

// refusal tells why php-fpm did not run the script, or returns "" if it did. The texts are php-fpm's own and the whole
// body, so nothing that an application prints beside its effects passes for one.
func (x *eventSink) refusal() string {
	if x.order.started {
		return ""
	}
	text := string(x.start[:min(x.body, maxRefusal)])
	switch {
	case x.header.status == http.StatusNotFound && (text == "File not found.\n" || text == "No input file specified.\n"):
		return "php-fpm finds no such file"
	case x.header.status == http.StatusForbidden && text == "Access denied.\n":
		return "php-fpm may not read it, or security.limit_extensions forbids it"
	}
	return ""
}
