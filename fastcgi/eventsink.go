package fastcgi

import (
	"fmt"
	"net/http"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxRefusal is longer than any text with which php-fpm refuses a script.
const maxRefusal = 32

// ScriptError says that php-fpm refused to run the entry script. No handler ran. It wraps protocol.ErrUnavailable and
// protocol.ErrRefused.
type ScriptError struct {
	Script string // as php-fpm sees it
	Reason string
}

func (e *ScriptError) Error() string { return fmt.Sprintf("run %s: %s", e.Script, e.Reason) }

// Unwrap returns the errors of the contract that it stands for.
func (e *ScriptError) Unwrap() []error { return []error{protocol.ErrUnavailable, protocol.ErrRefused} }

// eventSink takes the answer to a request that carries events: it decodes effects, checks their order, redacts their texts and
// passes them on. It belongs to a connection and serves one exchange after the other.
type eventSink struct {
	client   *Client
	apply    func(*protocol.Effect) error
	onEffect func(*protocol.Effect) error // the method check, bound once
	header   header
	decoder  *protocol.AnswerDecoder
	order    answerOrder
	errors   errorStream
	redactor redactor

	onEnd  func() // is called when an event of several has ended; nil: there is one
	worker int    // the process id that PHP has told; 0: none

	late bool // the time is over: only a failure counts

	body  int              // bytes after the header section
	start [maxRefusal]byte // of the body
}

// begin prepares s for the answer to events, whose lines start with token.
func (s *eventSink) begin(c *Client, token string, apply func(*protocol.Effect) error, events []*protocol.Event) {
	onEffect, decoder := s.onEffect, s.decoder
	if onEffect == nil {
		onEffect, decoder = s.check, protocol.NewAnswerDecoder(token, c.cfg.MaxPayload)
		decoder.Quote = c.cfg.LogPayloads
	}
	decoder.Reset(token)
	*s = eventSink{
		client:   c,
		apply:    apply,
		onEffect: onEffect,
		decoder:  decoder,
		order:    answerOrder{events: events},
		redactor: redactor{off: c.cfg.LogPayloads, events: events},
		onEnd:    s.onEnd,
	}
	s.errors = errorStream{logger: c.cfg.Logger, token: token, redactor: &s.redactor, event: events[0]}
}

// end logs the last line of the error stream and drops all references.
func (s *eventSink) end() {
	s.errors.flush()
	*s = eventSink{onEffect: s.onEffect, decoder: s.decoder}
}

func (s *eventSink) stdout(p []byte) error {
	p, err := s.header.feed(p)
	if err != nil || len(p) == 0 {
		return err
	}
	if s.body < maxRefusal {
		copy(s.start[s.body:], p)
	}
	s.body += len(p)
	return s.decoder.Feed(p, s.onEffect)
}

func (s *eventSink) stderr(p []byte) error {
	s.errors.write(p)
	return nil
}

// check passes an effect on to apply if it may come now.
func (s *eventSink) check(e *protocol.Effect) error {
	if s.late && e.Failed == nil {
		return nil
	}
	if e.Seq == 0 { // stray
		e.Stray = s.redactor.redact(e.Stray)
		return s.apply(e)
	}
	if err := s.order.accept(e); err != nil {
		return err
	}
	if e.Failed != nil && e.Failed.Kind == protocol.FailedRedeclare {
		s.client.params.yield(e.Failed.Name)
		s.errors.expected = e.Failed.Message // up to PHP 7, it is logged as well
	}
	switch {
	case e.Log != nil:
		e.Log.Message = s.redactor.redact(e.Log.Message)
	case e.Failed != nil:
		e.Failed.Message = s.redactor.redact(e.Failed.Message)
	}
	if e.Done != nil && e.Done.Worker != 0 {
		s.worker = e.Done.Worker
	}
	if e.Last() && s.onEnd != nil {
		s.ended()
	}
	return s.apply(e)
}

// ended is called when an event of several has ended. What comes on the error stream from now on is the next one's.
func (s *eventSink) ended() {
	s.errors.flush()
	if next := s.order.unfinished(); next != nil {
		s.errors.event = next
	}
	s.onEnd()
}

// finish reports whether the answer is whole, now that the end record has come with that protocol status.
func (s *eventSink) finish(status byte) error {
	switch {
	case status == statusOverloaded && s.body == 0:
		return protocol.ErrOverloaded
	case status != statusComplete:
		return fmt.Errorf("%w: request ended with status %d", protocol.ErrMalformed, status)
	}
	if !s.header.ended {
		return fmt.Errorf("%w: no header section", protocol.ErrMalformed)
	}
	if err := s.decoder.Finish(s.onEffect); err != nil {
		return err
	}
	missing := s.order.unfinished()
	if missing == nil {
		return nil
	}
	if reason := s.refusal(); reason != "" {
		return &ScriptError{s.client.cfg.Script, reason}
	}
	if status := s.header.status; status != 0 && status != http.StatusOK { // of PHP's own errors
		return fmt.Errorf("%w: event %d has no done or failed line (status %d)", protocol.ErrCutOff, missing.Seq, status)
	}
	return &endedAnswerError{missing.Seq}
}

// endedAnswerError says that PHP was told to end the answer before the event has ended, and that the handler may run on.
type endedAnswerError struct{ seq uint64 }

func (e *endedAnswerError) Error() string {
	return fmt.Sprintf("%v: event %d has no done or failed line: the application has ended the answer, as fastcgi_finish_request() does",
		protocol.ErrCutOff, e.seq)
}

func (e *endedAnswerError) Unwrap() error { return protocol.ErrCutOff }

// refusal says why php-fpm did not run the script, or returns "" if it did. A refusal is the whole body, so nothing that an
// application prints besides its effects can pass for one.
func (s *eventSink) refusal() string {
	if s.order.started {
		return ""
	}
	return refusalOf(s.header.status, string(s.start[:min(s.body, maxRefusal)]))
}

// refusalOf says why php-fpm did not run a script, by the status and the body of its answer; "" if it did.
func refusalOf(status int, text string) string {
	switch {
	case status == http.StatusNotFound && (text == "File not found.\n" || text == "No input file specified.\n"):
		return "php-fpm finds no such file"
	case status == http.StatusForbidden && text == "Access denied.\n":
		return "php-fpm may not read it, or security.limit_extensions forbids it"
	}
	return ""
}
