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
type exchange struct {
	client  *Client
	apply   func(*protocol.Effect) error
	enter   func(*protocol.Effect) error // the method effect, bound once
	header  header
	decoder *protocol.AnswerDecoder
	ledger  ledger
	errors  stderrLog
	veil    veil

	body  int // bytes behind the header section
	start [maxRefusal]byte
}

// begin prepares x for the answer to these events.
func (x *exchange) begin(c *Client, apply func(*protocol.Effect) error, events []*protocol.Event) {
	enter, decoder := x.enter, x.decoder
	if enter == nil {
		enter, decoder = x.effect, protocol.NewAnswerDecoder(c.token, c.cfg.MaxPayload)
		decoder.Quote = c.cfg.Payloads
	}
	decoder.Reset()
	*x = exchange{
		client:  c,
		apply:   apply,
		enter:   enter,
		decoder: decoder,
		ledger:  ledger{events: events},
		veil:    veil{lifted: c.cfg.Payloads, environment: events[0].Environment, events: events},
	}
	x.errors = stderrLog{logger: c.cfg.Logger, begin: c.begin, veil: &x.veil, event: only(events)}
}

// end logs what is left to be logged and lets go of everything.
func (x *exchange) end() {
	x.errors.flush()
	*x = exchange{enter: x.enter, decoder: x.decoder}
}

// only returns the one event that there is; what PHP writes for several belongs to none of them.
func only(events []*protocol.Event) *protocol.Event {
	if len(events) == 1 {
		return events[0]
	}
	return nil
}

func (x *exchange) stdout(p []byte) error {
	p, err := x.header.feed(p)
	if err != nil || len(p) == 0 {
		return err
	}
	if x.body < maxRefusal {
		copy(x.start[x.body:], p)
	}
	x.body += len(p)
	return x.decoder.Feed(p, x.enter)
}

func (x *exchange) stderr(p []byte) error {
	x.errors.write(p)
	return nil
}

// effect checks an effect and hands it on.
func (x *exchange) effect(e *protocol.Effect) error {
	if e.Seq == 0 { // printed by the application
		e.Stray = x.veil.over(e.Stray)
		return x.apply(e)
	}
	if err := x.ledger.enter(e); err != nil {
		return err
	}
	if e.Failed != nil && e.Failed.Kind == protocol.FailedRedeclare {
		x.client.own.learn(e.Failed.Name)
	}
	switch {
	case e.Log != nil:
		e.Log.Message = x.veil.over(e.Log.Message)
	case e.Failed != nil:
		e.Failed.Message = x.veil.over(e.Failed.Message)
	}
	return x.apply(e)
}

// finish decides, after the end record with that protocol status, whether the answer is whole.
func (x *exchange) finish(status byte) error {
	switch {
	case status == statusOverloaded && x.body == 0:
		return protocol.ErrOverloaded
	case status != statusComplete:
		return fmt.Errorf("%w: request ended with status %d", protocol.ErrMalformed, status)
	}
	if !x.header.ended {
		return fmt.Errorf("%w: no header section", protocol.ErrMalformed)
	}
	if err := x.decoder.Finish(x.enter); err != nil {
		return err
	}
	missing := x.ledger.missing()
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
func (x *exchange) refusal() string {
	if x.ledger.begun {
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
