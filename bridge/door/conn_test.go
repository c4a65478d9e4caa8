package door

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestNoDeadlineIsLaterThanTheHandshakes(t *testing.T) {
	us, them := net.Pipe()
	defer them.Close()
	l := Listen(nil, Config{Policy: func() *Policy { return &Policy{} }, Limiter: NewLimiter(Limits{}),
		HandshakeTimeout: 20 * time.Millisecond})
	c, err := l.admit(us)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, later := range []time.Time{{}, time.Now().Add(time.Hour)} {
		c.SetDeadline(later)
		if _, err := c.Read(make([]byte, 1)); err == nil || !err.(net.Error).Timeout() {
			t.Errorf("with a deadline of %v: got %v", later, err)
		}
	}
	c.deadline = time.Time{}
	c.SetReadDeadline(time.Time{})
	go them.Write([]byte("x"))
	if n, err := c.Read(make([]byte, 1)); n != 1 {
		t.Errorf("after the handshake: got %v", err)
	}
}

func TestHungUpSeesAnEndAfterUnreadBytes(t *testing.T) {
	e := listen(t, Limits{}, Policy{})
	client := e.dial()
	conn := e.accept()
	if _, err := client.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	if conn.HungUp() {
		t.Error("the client is there")
	}
	client.Close()
	for deadline := time.Now().Add(patience); !conn.HungUp(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the end is not noticed")
		}
	}
	conn.Close()
	if !conn.HungUp() {
		t.Error("a closed connection counts as open")
	}
}

func TestConnIsFoundUnderItsLayers(t *testing.T) {
	e := listen(t, Limits{}, Policy{})
	e.cfg.TLS = &tls.Config{}
	e.dial()
	secure, err := e.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn := Of(secure)
	defer conn.Close()
	if _, ok := secure.(syscall.Conn); ok {
		t.Error("the kernel's handle, which passes by TLS, is handed out for TLS")
	}
	if Of(conn) != conn || Of(conn.Conn) != nil {
		t.Error("the connection is not found, or another one is")
	}
	if conn.HungUp() {
		t.Error("the client is there")
	}
}
