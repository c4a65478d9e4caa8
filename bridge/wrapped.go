package bridge

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// wrapper is a connection around another one.
type wrapper interface{ NetConn() net.Conn }

type connKey struct{}

// rememberConn lets a request find its connection.
func rememberConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf returns the T that a request has come through.
func connOf[T net.Conn](r *http.Request) (found T, ok bool) {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	return within[T](conn)
}

// within returns the T that is conn or that conn is around.
func within[T net.Conn](conn net.Conn) (found T, ok bool) {
	for conn != nil {
		if found, ok = conn.(T); ok {
			break
		}
		w, isWrapper := conn.(wrapper)
		if !isWrapper {
			break
		}
		conn = w.NetConn()
	}
	return found, ok
}

// closeWrite ends what is written to conn.
func closeWrite(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
