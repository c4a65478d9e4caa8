package bridge

import "errors"

// What prevents the operator from doing something. The texts go to the control API's clients.
var (
	// ErrStarting says that the server does not serve yet.
	ErrStarting = errors.New("the server is starting")
	// ErrStopping says that a drain has begun.
	ErrStopping = errors.New("the server is shutting down")
	// ErrStuck says that an event has run for longer than others may wait for it.
	ErrStuck = errors.New("a handler does not end, and all events that run in one order wait for it: see wsbridge workers")
	// ErrHandingOver says that the server is handing over to another process, which answers the same a little later.
	ErrHandingOver = errors.New("the server is handing over to another process, try again")
	// ErrPaused says that an event would have to wait for the end of a pause.
	ErrPaused = errors.New("paused")

	// ErrNoClient says that no client has that key.
	ErrNoClient = errors.New("no such client")
	// ErrNotOpen says that nothing can be sent to a client, because its handshake has not ended or its end has begun.
	ErrNotOpen = errors.New("the connection is not open")
	// ErrQueueFull says that a client does not read what it is sent.
	ErrQueueFull = errors.New("the connection's send queue is full")
	// ErrBadMessage says that a text message is not UTF-8.
	ErrBadMessage = errors.New("text is not utf-8")
	// ErrBadClose is wrapped by errors about the code and the reason of a close frame.
	ErrBadClose = errors.New("cannot be sent in a close frame")

	// ErrNoHandler says that the application has no ws_server_fifo.
	ErrNoHandler = errors.New("there is no ws_server_fifo")
	// ErrFull is wrapped by errors that say why no document is taken.
	ErrFull = errors.New("no room for the document")
	// ErrNotRun says that a document did not get its turn in time, and will not run.
	ErrNotRun = errors.New("its turn did not come in time: it will not run")
	// ErrRuns says that a document's handler has begun and not ended in time.
	ErrRuns = errors.New("the handler has not ended in time: it may still run")
)

// errNoClient says that an effect is for a client that has left, or that never was.
var errNoClient = errors.New("no such open client")

// errAway says that there is no hand-over while php-fpm is away.
var errAway = errors.New("php-fpm is away")

// errCanceled ends an event whose waiter has given up.
var errCanceled = errors.New("nobody waits for the event any more")

// errNoAuthenticate refuses an application that would let no client in. All other handlers are optional.
var errNoAuthenticate = errors.New("ws_server_authenticate is not defined in the events file")
