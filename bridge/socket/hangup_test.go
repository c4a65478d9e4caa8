package socket

import (
	"net"
	"testing"
	"time"
)

func TestHungUpLooksBehindWhatIsUnread(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if _, err := theirs.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	if HungUp(ours) {
		t.Error("the other side is there")
	}
	theirs.Close()
	for deadline := time.Now().Add(20 * time.Second); !HungUp(ours); {
		if time.Now().After(deadline) {
			t.Fatal("the end is not noticed")
		}
	}
	ours.Close()
	if !HungUp(ours) {
		t.Error("a closed connection counts as open")
	}
}
