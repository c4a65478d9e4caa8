package handover

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMessagesComeInOrderWithTheirFiles(t *testing.T) {
	a, b := connect(t)
	for i, m := range []Message{
		{Name: "empty"},
		{Name: "files only", Files: pipes(t, 1)},
		{Name: "much", Body: bytes.Repeat([]byte("0123456789abcdef"), 1<<18), Files: pipes(t, 3)},
		{Name: strings.Repeat("n", maxName), Body: []byte("most files"), Files: pipes(t, MaxFiles)},
	} {
		ended := sending(t, a, m)
		got, err := b.Receive(within(t, patience))
		if err != nil {
			t.Fatal(err)
		}
		if err := ended(); err != nil {
			t.Fatal(err)
		}
		if got.Name != m.Name || !bytes.Equal(got.Body, m.Body) {
			t.Errorf("message %d: got %q with %d bytes", i, got.Name, len(got.Body))
		}
		wantPipes(t, got.Files, len(m.Files))
		got.Close()
	}
	ended := sending(t, b, Message{Name: "back"})
	if got, err := a.Receive(within(t, patience)); err != nil || got.Name != "back" {
		t.Errorf("got %v, %v", got, err)
	}
	if err := ended(); err != nil {
		t.Error(err)
	}
}

func TestFilesAreNotForOtherProcesses(t *testing.T) {
	a, b := connect(t)
	ended := sending(t, a, Message{Name: "one", Files: pipes(t, 1)})
	got, err := b.Receive(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if err := ended(); err != nil {
		t.Fatal(err)
	}
	flags, err := unix.FcntlInt(got.Files[0].Fd(), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("a process that is started would inherit the file: %x, %v", flags, err)
	}
}

// A connection that is handed over goes on in the process that hands it over, with its deadlines, until that closes it.
func TestTheSendersConnectionGoesOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	served, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	if err := served.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() { _, err := served.Read(make([]byte, 1)); read <- err }()

	a, b := connect(t)
	ended := sending(t, a, Message{Name: "conn", Files: []syscall.Conn{served.(*net.TCPConn)}})
	got, err := b.Receive(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	if err := ended(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the read ended with %v, want its deadline", err)
	}
	copied, err := net.FileConn(got.Files[0])
	got.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	served.Close()
	if _, err := copied.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// A receiver that may open no more files gets some of them without an error, which must not go unnoticed on either side.
func TestAReceiverAtItsLimitOfFilesFails(t *testing.T) {
	a, b := connect(t)
	files := pipes(t, 20)
	before := openFiles(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	tight := limit
	tight.Cur = uint64(freeDescriptor(t, 10))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &tight); err != nil {
		t.Fatal(err)
	}
	ended := sending(t, a, Message{Name: "clients", Files: files})
	_, err := b.Receive(within(t, patience))
	sendErr := ended()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, ErrFiles) || !strings.Contains(err.Error(), "receive clients") || !strings.Contains(err.Error(), "of 20") {
		t.Errorf("the receiver got %v", err)
	}
	if refused, ok := errors.AsType[*Refusal](sendErr); !ok || !strings.Contains(refused.Reason, "of 20") {
		t.Errorf("the sender got %v", sendErr)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

// freeDescriptor returns the descriptor that would be opened after n others.
func freeDescriptor(t *testing.T, n int) (fd int) {
	t.Helper()
	for fd = 0; ; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			continue
		}
		if n--; n < 0 {
			return fd
		}
	}
}

func TestTooMuchIsNotSent(t *testing.T) {
	a, b := connect(t)
	file := pipes(t, 1)[0]
	many := make([]syscall.Conn, MaxFiles+1)
	for i := range many {
		many[i] = file
	}
	if err := a.Send(within(t, patience), Message{Name: "many", Files: many}); err == nil || !strings.Contains(err.Error(), "send many: 251 files") {
		t.Errorf("got %v", err)
	}
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if err := a.Send(within(t, patience), Message{Name: "closed", Files: []syscall.Conn{file, closed}}); err == nil || !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Receive(within(t, 10*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("something was sent: %v", err)
	}
}

func TestAnotherFormatIsRefusedWithBothNamed(t *testing.T) {
	a, b := connect(t)
	done := make(chan error, 1)
	go func() {
		_, err := b.Greet(within(t, patience), Hello{Format: 2, Version: "1.1.0", PID: 20}, false)
		done <- err
	}()
	other, err := a.Greet(within(t, patience), Hello{Format: 1, Version: "1.0.0", PID: 10}, true)
	if other.Version != "1.1.0" {
		t.Errorf("got %+v", other)
	}
	for _, err := range []error{err, <-done} {
		if !errors.Is(err, ErrFormat) {
			t.Fatalf("got %v", err)
		}
		for _, part := range []string{"1.0.0 (process 10) in format 1", "1.1.0 (process 20) in format 2"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("got %v, want %q in it", err, part)
			}
		}
	}
}

func TestGreet(t *testing.T) {
	a, b := connect(t)
	done := make(chan Hello, 1)
	go func() {
		other, err := b.Greet(within(t, patience), Hello{1, "new", 2}, false)
		if err != nil {
			t.Error(err)
		}
		done <- other
	}()
	other, err := a.Greet(within(t, patience), Hello{1, "old", 1}, true)
	if err != nil || other != (Hello{1, "new", 2}) {
		t.Errorf("got %+v, %v", other, err)
	}
	if other := <-done; other != (Hello{1, "old", 1}) {
		t.Errorf("got %+v", other)
	}
}

// The old process learns why the new one gives up, whatever it does at that moment.
func TestRefuse(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Channel) error{
		"to a receiver": func(ctx context.Context, c *Channel) error { _, err := c.Receive(ctx); return err },
		"to a sender":   func(ctx context.Context, c *Channel) error { return c.Send(ctx, Message{Name: "state"}) },
		"to a sender of more than is read": func(ctx context.Context, c *Channel) error {
			return c.Send(ctx, Message{Name: "state", Body: make([]byte, 8<<20)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t)
			done := make(chan error, 1)
			go func() { done <- call(within(t, patience), a) }()
			if err := b.Refuse(within(t, patience), "no configuration"); err != nil {
				t.Fatal(err)
			}
			b.Close()
			if refused, ok := errors.AsType[*Refusal](<-done); !ok || refused.Reason != "no configuration" {
				t.Errorf("got %v", refused)
			}
		})
	}
}

func TestTheEndOfTheOtherSide(t *testing.T) {
	a, b := connect(t)
	b.Close()
	if _, err := a.Receive(within(t, patience)); !errors.Is(err, ErrClosed) {
		t.Errorf("receive: got %v", err)
	}
	if err := a.Send(within(t, patience), Message{Name: "x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("send: got %v", err)
	}
	a.Close()
	if _, err := a.Receive(within(t, patience)); !errors.Is(err, ErrClosed) {
		t.Errorf("receive on a closed channel: got %v", err)
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	a, _ := connect(t)
	if err := a.Send(within(t, 10*time.Millisecond), Message{Name: "x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("send: got %v", err)
	}
	reason := errors.New("the server ends")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(reason) })
	if _, err := a.Receive(ctx); !errors.Is(err, reason) {
		t.Errorf("receive: got %v", err)
	}
}

// A message whose context ends while it is written comes whole or not at all, so that the reason why the sender gives up is understood.
func TestACutMessageIsFollowedByTheReason(t *testing.T) {
	for range 200 {
		a, b := connect(t)
		ctx, cancel := context.WithCancel(within(t, patience))
		cancel() // which Send notices at some time
		if err := a.Send(ctx, Message{Name: "restored"}); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if err := a.Refuse(within(t, patience), "terminated"); err != nil {
			t.Fatal(err)
		}
		m, err := b.Receive(within(t, patience))
		if err == nil && m.Name == "restored" {
			_, err = b.Receive(within(t, patience))
		}
		if refused, ok := errors.AsType[*Refusal](err); !ok || refused.Reason != "terminated" {
			t.Fatalf("got %+v, %v", m, err)
		}
	}
}

// What a process has acknowledged before it died counts.
func TestAcknowledged(t *testing.T) {
	for _, acknowledged := range []bool{true, false} {
		a, b := connect(t)
		if err := a.Send(within(t, time.Second), Message{Name: "go"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if acknowledged {
			if _, err := b.Receive(within(t, patience)); err != nil {
				t.Fatal(err)
			}
		}
		b.Close()
		if got := a.Acknowledged(); got != acknowledged {
			t.Errorf("got %v, want %v", got, acknowledged)
		}
	}
}

func TestSomethingElseThanMessages(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"text":           []byte("GET / HTTP/1.1\r\n\r\n"),
		"unknown kind":   header{kind: 9}.encode(),
		"too long":       header{kind: message, number: 1, length: MaxBody + 1}.encode(),
		"too many files": header{kind: message, number: 1, files: MaxFiles + 1}.encode(),
		"missing files":  header{kind: message, number: 1, files: 2}.encode(),
		"wrong number":   header{kind: message, number: 7}.encode(),
		"cut off":        header{kind: message, number: 1, length: 5}.encode(),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t)
			if _, err := a.conn.Write(bytes); err != nil {
				t.Fatal(err)
			}
			if err := a.conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if m, err := b.Receive(within(t, patience)); err == nil {
				t.Errorf("got %+v", m)
			}
		})
	}
}
