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
// # Workers
//
// StatusPage tells how many workers a php-fpm has, and how many are idle. It does not tell pm.max_children: only of
// pm = static is the number of workers the one that connections must stay below. What wsbridge makes of that is in
// deploy/wsbridge.toml, php.status_path.
//
// # What is sent again, and what never
//
// php-fpm closes kept connections: when it reloads, when it has too many idle workers, and when a worker has served
// pm.max_requests, a few microseconds after the answer's end. A client looks before it writes; but a request can be written
// in that very moment. It is sent again, on a new connection and at most twice, if it is certain that no handler ran; else the
// event fails with protocol.ErrCutOff. A handler runs only when the PHP half has read the whole body, so that is the question,
// and there are three answers.
//
// The request could not be written to its end. Then the body is not whole, and the PHP half checks that it is.
//
// Over a unix socket the kernel tells how php-fpm's side ended, before the first byte of an answer:
//
//   - ECONNRESET: with something unread (Linux, unix_release_sock). Since a request ends with the body's last byte, see
//     request, it was not read whole. A worker that is killed or told to leave before it reads ends so.
//   - The end of the stream, and no POLLHUP (unix_poll): it is closed for writing only. php-fpm does that behind an answer's
//     end record, never instead of one, and throws away what still comes (main/fastcgi.c, fcgi_close, called by
//     fcgi_finish_request). A worker that has served pm.max_requests ends so (sapi/fpm/fpm/fpm_main.c, main).
//   - The end of the stream with POLLHUP: everything had been read. A handler may have run, and took the worker with it.
//
// Over TCP these look alike, and a proxy between may turn one into another. There the PHP half announces each request that it
// has read (WSBRIDGE_ANNOUNCE, see package protocol), which costs a packet. If the connection ends before a byte has come, and
// its worker has announced the request before, then this one has not begun. The first request of a connection has no such
// proof, and needs none: new connections are served to the end.
//
// auto_prepend_file runs before the PHP half, and can so run twice; it is no handler.
//
// A reload (SIGUSR2) ends running handlers, and so loses their events, unless php-fpm's process_control_timeout is longer than
// they take. By default it is 0.
package fastcgi
