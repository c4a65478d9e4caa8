// Package fastcgi runs events in php-fpm. Each call of Client.Run is one FastCGI request, over one of a few kept connections.
//
// # An exchange
//
// An exchange is a request and its answer. The request is encoded into one buffer and, up to 64 KB, written by one system call.
// The calling goroutine reads the answer itself. Effects reach the caller while the handler still runs, as php-fpm flushes them.
// An answer is whole only if the EndRequest record says "complete" and each event got its done or failed line. Anything else is an
// error that wraps one of protocol's, and the connection is closed and not kept.
//
// The whole request is written before the answer is read. Its method is GET, that of the handshake: the body of a POST php-fpm would
// write to a temporary file, in small pieces, before the script starts. The PHP half reads the whole body before it does anything
// else, so neither side waits for the other.
//
// # Connections
//
// php-fpm does not multiplex: a worker serves one connection until that is closed. A client therefore has at most
// Config.MaxConnections of them. It uses the one that was used last, so that the others become idle, and soon closes idle
// ones. While an idle connection is kept, php-fpm counts its worker as reading a request, so request_terminate_timeout has to
// be longer than Config.Timeout and Config.IdleTimeout together. Otherwise php-fpm ends workers for no reason.
//
// # Workers
//
// StatusPage says how many workers a php-fpm has and how many of them are idle. It does not say pm.max_children: only with
// pm = static is the number of workers the one that the number of connections has to stay below. What wsbridge makes of it is in
// deploy/wsbridge.toml, php.status_path.
//
// # What is sent again, and what never
//
// php-fpm closes kept connections when it reloads, when it has too many idle workers, and when a worker has served
// pm.max_requests, then a few microseconds after the end of the answer. So a request can be written to a connection that is
// being closed, or has been. It is sent again, on a new connection and at most twice, if it is certain that no handler ran.
// Otherwise the event fails with protocol.ErrCutOff. A handler runs only after the PHP half has read the whole body, so the
// question is whether the body was read. There are three answers.
//
// If the request could not be written to its end, the body is not whole, and the PHP half checks that it is.
//
// Over a unix socket the kernel tells how php-fpm's side ended before the first byte of an answer:
//
//   - ECONNRESET: something was left unread (Linux, unix_release_sock). A request ends with the last byte of its body, see request,
//     so the body was not read whole. This is how a worker ends that is killed, or told to leave, before it reads.
//   - The end of the stream without POLLHUP (unix_poll): the connection is closed for writing only. php-fpm does that after the end
//     record of an answer, never instead of one, and discards what still comes (main/fastcgi.c, fcgi_close, called by
//     fcgi_finish_request). This is how a worker ends that has served pm.max_requests (sapi/fpm/fpm/fpm_main.c, main).
//   - The end of the stream with POLLHUP: everything had been read. A handler may have run, and may have ended the worker.
//
// So a client writes to a unix socket without looking at it first: a request that was not read is always known as that.
//
// A program that a handler has left in the background has inherited the connection, which then does not end when the worker does. So over a
// unix socket a client watches the worker's process, if that is visible here, and ends its own side for reading when it has ended. A request
// of which something is unread by then is read by nobody any more.
//
// Over TCP these ends look alike, and a proxy between can turn one into another. So a client looks whether the connection is
// open before it writes, and the PHP half announces each request that it has read (the option announce, see package protocol),
// which costs a packet. If the connection ends before the first byte of an answer, and its worker has announced the request
// before, then this request has not begun. For the first request of a connection there is no such proof, and none is needed:
// php-fpm serves new connections to the end.
//
// # Requests for several events
//
// Of a request with several events, those have not begun that come after the first without an end, if all that there is of the answer was read
// (see package protocol). Run says so of each (FailedSkipped), and its caller sends them again. Over a unix socket the end of the stream is
// that, however it came. At the deadline, which each event has for itself, a client ends its side for reading: from then on the kernel lets PHP
// write no more (unix_shutdown, unix_stream_sendmsg), so that PHP begins no further event, and what PHP has written before can be read to its
// end. Over TCP there is no such certainty, so there requests carry events of one client only, see SharesRequests. If an answer is malformed,
// all events without an end fail.
//
// What auto_prepend_file names runs before the PHP half, and so can run twice. It is not a handler.
//
// A reload (SIGUSR2) ends running handlers, which loses their events, unless php-fpm's process_control_timeout is longer than they
// take. Its default is 0.
package fastcgi
