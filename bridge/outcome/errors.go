package outcome

import "errors"

// How events end that were never sent to php-fpm.
var (
	ErrNoRoom    = errors.New("too many events wait")
	ErrQueueWait = errors.New("the event's turn did not come in time")
	ErrAway      = errors.New("php-fpm is away") // which a handshake does not wait for
	ErrGone      = errors.New("the client has left")
	ErrDrained   = errors.New("the drain ran out of time")
	ErrStopped   = errors.New("the server has stopped")
)

var errOther = errors.New("another error")
