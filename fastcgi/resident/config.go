package resident

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Config is what a Lane needs.
type Config struct {
	// Dir is the folder for the socket to which workers connect. It must exist, and workers must be able to enter it. Mode is the
	// socket's: who may connect.
	Dir  string
	Mode os.FileMode
	// Timeout bounds an event, from the end of the one before it to its own. 0: there is no limit.
	Timeout time.Duration
	// Hold is how long an event of the lane runs before nothing more is sent after it until it has ended, and the State is told. 0: it is
	// not, however long.
	Hold time.Duration
	// Long is how long an event of the lane runs before its Exchange is told, which it is again each time that has doubled. 0: it is not.
	Long time.Duration
	// Memory is the number of bytes in use above which a worker is replaced after its current event, if it has grown. 0: no limit.
	Memory int64
	// Beside is how many workers may run events beside the lane, see Pool. The pool of php-fpm should have room for four more.
	Beside int
	// BesideIdle is after how long one of them leaves that has run nothing. Default 30 s.
	BesideIdle time.Duration
	// MaxPayload bounds the payload of an effect, in bytes.
	MaxPayload int
	// Quote lets errors quote malformed lines, which may hold what clients have sent.
	Quote  bool
	Logger *slog.Logger
}

// withDefaults returns c without zeros that mean something else.
func (c Config) withDefaults() Config {
	c.Hold, c.Long = cmp.Or(c.Hold, math.MaxInt64), cmp.Or(c.Long, math.MaxInt64)
	c.BesideIdle = cmp.Or(c.BesideIdle, 30*time.Second)
	return c
}

// Booter starts workers in one pool of php-fpm.
type Booter interface {
	// Run makes a FastCGI request to the PHP half with these further parameters. It blocks until that has ended, or ctx has. What the
	// process prints or logs meanwhile is logged after redact.
	Run(ctx context.Context, params map[string]string, redact func(text string) string) error
	// Redact returns a text of PHP's without what these events and their clients' handshakes have brought.
	Redact(text string, events ...*protocol.Event) string
	// Kill has php-fpm end a worker at once, by its process id as PHP knows it. It blocks until that is done, or ctx ends.
	Kill(ctx context.Context, pid int) error
	// Meta returns the CGI meta-variables of an event's Environment.
	Meta(environment []byte) protocol.Encoded
}

const (
	bootTimeout  = 5 * time.Second // from the request to the connection: a free process takes milliseconds
	helloTimeout = 5 * time.Second // of a connection, to prove who it is
	leaveTimeout = 2 * time.Second // from the order to leave to the end of the request; then the worker is killed
	killTimeout  = time.Minute     // of having php-fpm kill a worker: its processes may be busy
	// checkInterval is how often a worker is asked about itself. New code runs at most so much later.
	checkInterval = time.Second

	maxBooting = 2 // workers beside the lane, at once

	// growInterval is how long there may be no more workers beside the lane than php-fpm seemed to have processes for. It may only have been
	// busy. Too few keep slow events waiting, and to look for more takes bootTimeout.
	growInterval = 5 * time.Minute

	// retryInterval is how long the lane waits after new code has failed, before it tries again.
	retryInterval = 2 * time.Second

	minBackoff = 100 * time.Millisecond
	maxBackoff = 10 * time.Second

	// What may wait in PHP. A single event may have more bytes.
	maxSent      = 256
	maxSentBytes = 1 << 20
)

// Log attributes.
const (
	keyPID    = "pid"
	keyReason = "reason"
	keyError  = "error"
	keyHeld   = "held"
	keyEvents = "events"
	keyTook   = "took"

	keyChildren = "processes"
)
