// Package socket is one WebSocket on one connection: it checks frames before gorilla/websocket reads them, reads messages whole, and
// queues what is sent until the kernel takes it. It knows no client, no row and no PHP.
package socket
