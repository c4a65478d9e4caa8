// Package fastcgi runs events in php-fpm: one FastCGI request for each call of Client.Run, over few kept connections.
//
// # An exchange
//
// A request is encoded into one buffer and, up to 64 KB, written with one system call; the answer is read by the
// calling goroutine itself. Effects reach the caller as php-fpm flushes them, while the handler still runs. An answer
// is whole only when the EndRequest record says "complete" and each event got its done or failed line; anything else
// is an error that wraps one of protocol's, and its connection is closed rather than kept.
//
// The request is written as a whole before the answer is read. Its method is the handshake's, GET: the body of a POST php-fpm
// would write into a temporary file, in small pieces, before the script starts. So the PHP half itself reads the body, first
// of all and whole, and neither side waits for the other.
//
// # Connections
//
// php-fpm does not multiplex: a worker serves one connection until that is closed. A client therefore has at most
// Config.MaxConnections, reuses the one used last, so that the others can go idle, and closes idle ones soon. While an
// idle connection is kept, php-fpm counts its worker as reading a request: request_terminate_timeout has to be longer
// than Config.Timeout and Config.IdleTimeout together, or it ends workers that did nothing wrong.
//
// # What is never sent twice
//
// php-fpm closes a kept connection when it reloads or when its worker has served pm.max_requests. A client looks
// before it writes and replaces a closed connection without a word; a connection that refuses the first byte is replaced
// likewise. Once a byte is written the request is never sent again, because a handler may have run. So a narrow race is
// left: a worker that reached pm.max_requests closes its connection a few microseconds after the answer's end, and a
// request written in between is lost (ErrCutOff). Requests sent back to back hit it at about one closing in ten; with
// pm.max_requests = 0, as package phpfpm has it, it cannot happen.
package fastcgi
