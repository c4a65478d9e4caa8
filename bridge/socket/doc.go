// Package socket is one WebSocket on one connection. It knows no client, no row and no PHP: package bridge, its only caller, upgrades a
// handshake, reads messages from the Conn, sends to it, and is told through Owner what becomes of it.
//
// A message comes in through
//
//	silence.go                                it is waited for as long as the client lives
//	framecheck.go, header.go, violation.go    each frame is checked before gorilla/websocket sees it
//	read.go, incoming.go, inflate.go          gorilla takes the frames apart, and the message is read whole
//
// and goes out through
//
//	message.go, frame.go, deflate.go          it becomes a frame, once for all who are sent it
//	sendqueue.go                              it waits for what was sent before it
//	write.go, rawconn.go, layer.go            the kernel takes it
//
// upgrade.go and extension.go are the handshake. freeze.go, pause.go, state.go, framestate.go, queued.go and
// restore.go move a Conn to another process.
//
// # Goroutines
//
// The owner reads in a goroutine of its own. Only that one blocks: in Read, and in CloseRead until the client has ended the connection.
// A message that is sent is written by the goroutine that sends it, if nothing else is queued and the kernel takes the frame without
// waiting. Otherwise a writer does it, a goroutine that exists only while something is queued, and gives the client Options.WriteTimeout
// for each message. Over TLS every write may wait, so there it is always a writer. All goroutines are started with Upgrader.Spawn, so
// that the owner can wait for them.
//
// # Closing
//
// Reading and writing end independently. The owner ends writing with Close, after which nothing can be sent. Reading ends when the client
// has sent a close frame, has broken a rule, was silent for too long or is gone. Once CloseRead has returned and the writer has ended,
// Conn closes the connection and calls Owner.OnClosed.
//
// # Moving
//
// Another process may go on with a connection while the client notices nothing. The old process calls Freeze, State and Descriptor, and passes
// on what it gets; the new one calls Upgrader.Restore, says that it has succeeded, and calls Thaw after the old one has called Release. If
// something fails before, the new process calls Release, and the old one Thaw. The bytes that the client sends meanwhile wait in the kernel's
// socket. A message may be in the middle of any of its bytes. The frame check is restored as it was. Gorilla and the decompressor cannot be:
// they read again what had come of the message, in a frame that is made for that.
package socket
