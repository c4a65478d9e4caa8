// Package door decides which connections and requests come in, and answers those that do not.
//
// It owns a connection from its accept on: a slot among all connections and those of its address, the PROXY header, TLS, the time
// until a request has been read, and the kernel's handle. Package bridge calls Listen once, lets net/http accept from the Listener, and
// calls Receive and CheckHandshake with each request; the Policy and the Limits may change meanwhile. Package admission, which knows no
// sockets, reads the lists of a Policy and decides by them.
//
//	limiter.go      how many connections there are and how fast they come, in all and from each address
//	listener.go     accepts, if there is a slot
//	reject.go       turns away, and says why if there is time
//	conn.go         a connection that has come in: its deadline, its layers, whether its client has hung up
//	proxyheader.go  the PROXY protocol
//	request.go      size and target of a request, and what proxies say of its client
//	handshake.go    whether a request is a handshake as RFC 6455 has it, from a page that may connect
//	refusal.go      the answer to a request that does not come in
//
// Accept blocks until a connection comes in; reading blocks until the PROXY header and the TLS handshake are over, in the goroutine of
// the connection and for Config.HandshakeTimeout at most. The Listener's own goroutines, which answer connections that are turned away,
// end within two seconds; Wait waits for them. The caller of Accept closes the connection, which gives its slot back.
package door
