package resident

import (
	"net"
	"testing"
)

func TestProcessThatWasReleasedNeedsNoKilling(t *testing.T) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: t.TempDir() + "/s", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := processOf(conn)
	if p.pid == 0 {
		t.Fatal("the kernel does not tell who listens")
	}
	p.release()
	if err := p.kill(); err != nil {
		t.Error(err)
	}
}
