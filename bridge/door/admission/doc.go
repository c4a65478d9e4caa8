// Package admission decides who may come in: by the origin, host, path and sub-protocol a handshake names, by the address it
// comes from, and by how many have come. It does no I/O and keeps no time of its own.
//
//	origin.go, host.go  which pages may connect, and by which names the server is asked for
//	path.go             which request paths are the server's
//	subprotocol.go      what both sides agree to speak
//	proxies.go          who may say for whom a connection was made
//	forwarded.go        how they say it: Forwarded (RFC 7239), X-Forwarded-For and its relatives
//	limiter.go          how many connections there are, and how fast they come
//
// What can be configured has a Parse function, whose error says what is wanted instead; its results may be used concurrently.
package admission
