package socket

import (
	"crypto/tls"
	"net"
)

// lowest returns the connection below all layers of conn, and whether it gets what is written to conn as it is: layers pass that on,
// except for TLS. A layer has a NetConn method, as tls.Conn does.
func lowest(conn net.Conn) (lowest net.Conn, isDirect bool) {
	isDirect = true
	for {
		layer, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn, isDirect
		}
		if _, isTLS := conn.(interface{ ConnectionState() tls.ConnectionState }); isTLS {
			isDirect = false
		}
		conn = layer.NetConn()
	}
}
