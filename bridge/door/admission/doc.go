// Package admission decides who may come in: by the origin, host, path and sub-protocol that a handshake names, and by the address it
// comes from. It knows no sockets, does no I/O and never blocks; package door asks it.
//
//	origin.go, host.go  which pages may connect, and under which names the server answers
//	path.go             which request paths are the server's
//	subprotocol.go      what both sides agree to speak
//	proxies.go          which addresses may say for whom they connect
//	forwarded.go        how they say it: Forwarded (RFC 7239), X-Forwarded-For and its relatives
//
// Each list of the configuration has a Parse function, whose error says what is wanted instead. What it returns may be used
// concurrently.
package admission
