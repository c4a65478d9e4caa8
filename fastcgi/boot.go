package fastcgi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// noWorker begins what the PHP half prints instead of becoming a worker, see Failure::withoutEvent.
	noWorker = "wsbridge: no worker: "
	// maxStart is how much of an answer's body is kept: longer than any such text.
	maxStart = 1024
)

// Booter starts resident workers in a pool of php-fpm for them, see package resident. They run the same script, with the same settings,
// as the client's requests.
type Booter struct {
	client *Client
	cfg    Config // of the client, with the pool's address
}

// NewBooter returns a Booter for the pool at that address, which is as in Config.
func (c *Client) NewBooter(network, address string) *Booter {
	cfg := c.cfg
	cfg.Network, cfg.Address = network, address
	return &Booter{c, cfg}
}

// Meta returns the CGI meta-variables of an Event's Environment, by name.
func (b *Booter) Meta(environment []byte) protocol.Encoded {
	return b.client.meta(environment)
}

// Run makes a request that stays open, with further parameters, and blocks until it has ended or ctx has. It logs what comes from the
// worker in the meantime, after redact, which removes what clients have sent. The errors are those of Client.Run.
func (b *Booter) Run(ctx context.Context, params map[string]string, redact func(string) string) error {
	return b.request(ctx, &b.cfg, b.newSink(b.cfg.Logger, redact), params)
}

// Kill has php-fpm end a worker at once, by its process id as PHP knows it: a worker's user may do that where this program may not, or
// does not see the process. It makes a request to the client's pool, since the worker's own may have no process left, and blocks until
// that has ended, or ctx has.
func (b *Booter) Kill(ctx context.Context, pid int) error {
	sink := b.newSink(slog.New(slog.DiscardHandler), func(text string) string { return text })
	err := b.request(ctx, &b.client.cfg, sink, map[string]string{"WSBRIDGE_KILL": strconv.Itoa(pid)})
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(string(sink.start)); text != "killed" { // see Process::kill
		return fmt.Errorf("php-fpm says: %.200s", text)
	}
	return nil
}

func (b *Booter) request(ctx context.Context, cfg *Config, sink *bootSink, params map[string]string) error {
	k, err := dial(ctx, cfg)
	if err != nil {
		return err
	}
	defer k.Close()
	if !k.interrupter.bind(ctx) {
		return fmt.Errorf("boot worker: %w", context.Cause(ctx))
	}
	_ = k.SetWriteDeadline(time.Now().Add(cfg.ownTimeout()))
	k.request.token = newToken()
	k.request.encode(b.client.server, b.params(params), nil)
	if _, err := k.request.writeTo(k.socket); err != nil {
		return fmt.Errorf("%w: %w", protocol.ErrUnavailable, err)
	}
	status, err := readAnswer(k.reader, sink)
	if err != nil {
		return explain(ctx, err, cfg.ownTimeout())
	}
	return sink.finish(status)
}

// Redact returns a text of PHP's without what these events and their clients' handshakes have brought, unless payloads may be logged.
func (b *Booter) Redact(text string, events ...*protocol.Event) string {
	r := redactor{off: b.cfg.LogPayloads, events: events}
	return r.redact(text)
}

func (b *Booter) params(more map[string]string) []byte {
	params := b.client.params.resident()
	for _, name := range slices.Sorted(maps.Keys(more)) {
		params = appendPair(params, name, more[name])
	}
	return params
}

// bootSink logs the output of a resident worker's request. There is none unless something is printed past the PHP half.
type bootSink struct {
	script string
	log    *slog.Logger
	header header
	start  []byte // of the body
	out    errorStream
	errors errorStream
	since  time.Time
}

func (b *Booter) newSink(log *slog.Logger, redact func(string) string) *bootSink {
	s := &bootSink{script: b.cfg.Script, log: log}
	s.out.redactor, s.errors.redactor = redactFunc(redact), redactFunc(redact)
	return s
}

func (s *bootSink) stdout(p []byte) error {
	p, err := s.header.feed(p)
	if err != nil {
		return err
	}
	s.start = append(s.start, p[:min(len(p), maxStart-len(s.start))]...)
	if s.noWorker() != "" {
		return nil // finish returns it
	}
	s.out.message = "printed by the application"
	s.write(&s.out, p)
	return nil
}

// noWorker returns why the script has become no worker, or "".
func (s *bootSink) noWorker() string {
	text, found := strings.CutPrefix(strings.TrimSpace(string(s.start)), noWorker)
	if !found {
		return ""
	}
	return text
}

func (s *bootSink) stderr(p []byte) error {
	s.write(&s.errors, p)
	return nil
}

// write limits the lines per minute, since a worker may stay for weeks. It logs what has come: php-fpm ends no line of the error stream.
func (s *bootSink) write(to *errorStream, p []byte) {
	if now := time.Now(); now.Sub(s.since) > time.Minute {
		s.since, s.out.lines, s.errors.lines = now, 0, 0
	}
	to.logger = s.log
	to.write(p)
	to.flush()
}

func (s *bootSink) finish(status byte) error {
	s.out.logger, s.errors.logger = s.log, s.log
	s.out.flush()
	s.errors.flush()
	switch {
	case status == statusOverloaded:
		return protocol.ErrOverloaded
	case refusalOf(s.header.status, string(s.start)) != "":
		return &ScriptError{s.script, refusalOf(s.header.status, string(s.start))}
	case s.noWorker() != "":
		return errors.New(s.noWorker())
	}
	return nil
}
