package bridge

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestClientThatDoesNotEndItsConnectionIsNotWaitedForLong(t *testing.T) {
	s := serveApplication(t, &standin{}, nil)
	conn := s.dial()
	if _, err := io.WriteString(conn, upgrade); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if response, err := http.ReadResponse(r, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response, err)
	}
	if _, err := io.WriteString(conn, "\x83\x80"+strings.Repeat("x", 100)); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(answer), "\x88\x10\x03\xea") {
		t.Fatalf("got %q, %v, want a close frame and the end", answer, err)
	}
	began := time.Now()
	eventually(t, "the socket is closed", func() bool { return len(s.clients.connected()) == 0 })
	if waited := time.Since(began); waited > 15*2*time.Second {
		t.Errorf("waited for %v", waited)
	}
}
