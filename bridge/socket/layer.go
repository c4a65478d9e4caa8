package socket

import (
	"net"
)

// layer is a connection over another one.
type layer interface{ NetConn() net.Conn }

// lowest returns the connection that all layers of conn are over.
func lowest(conn net.Conn) net.Conn {
	for l, ok := conn.(layer); ok; l, ok = conn.(layer) {
		conn = l.NetConn()
	}
	return conn
}
