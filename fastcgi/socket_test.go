package fastcgi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// connected returns both ends of a connection.
func connected(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	address := map[string]string{"unix": filepath.Join(t.TempDir(), "s"), "tcp": "127.0.0.1:0"}[network]
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestSocketCarriesWhatFillsItsBuffers(t *testing.T) {
	for _, network := range networks {
		client, server := connected(t, network)
		s, err := newSocket(client)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, 8<<20)
		rand.Read(want) // never fails: crypto/rand, Read
		echoed := make(chan error, 1)
		go func() {
			got := make([]byte, len(want))
			_, err := io.ReadFull(server, got)
			if err == nil {
				_, err = server.Write(got)
			}
			echoed <- errors.Join(err, server.Close())
		}()
		if n, err := s.Write(want); err != nil || n != len(want) {
			t.Errorf("%s: wrote %d bytes, %v", network, n, err)
		}
		got, err := io.ReadAll(s) // to the end of the stream
		if err := errors.Join(err, <-echoed); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d bytes, %v", network, len(got), err)
		}
	}
}

// Operators know the error texts of package net.
func TestSocketFailsAsNetDoes(t *testing.T) {
	fails := map[string]func(c net.Conn, server net.Conn) error{
		"read of a reset": func(c, server net.Conn) error {
			_, _ = c.Write([]byte("unread"))
			server.Close()
			_, err := c.Read(make([]byte, 1))
			return err
		},
		"write to a closed one": func(c, server net.Conn) error {
			server.Close()
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return err
				}
			}
		},
	}
	for name, fail := range fails {
		client, server := connected(t, "unix")
		want := fail(client, server)
		client, server = connected(t, "unix")
		s, err := newSocket(client)
		if err != nil {
			t.Fatal(err)
		}
		got := fail(s, server)
		var op, wantOp *net.OpError
		if !errors.As(got, &op) || !errors.As(want, &wantOp) || op.Op != wantOp.Op || op.Err.Error() != wantOp.Err.Error() || op.Net != wantOp.Net {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestSocketKeepsDeadlines(t *testing.T) {
	client, _ := connected(t, "unix")
	s, err := newSocket(client)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.SetDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: got %v", err)
	}
	if n, err := s.Write(make([]byte, 8<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || n == 8<<20 {
		t.Errorf("write: got %d, %v", n, err)
	}
	client.Close()
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a closed one: got %v", err)
	}
}
