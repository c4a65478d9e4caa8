package bridge

import (
	"errors"
	"net"
)

// closeWrite ends what is written to conn.
func closeWrite(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
