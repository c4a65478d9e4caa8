package handover

import (
	"context"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// patience is far longer than anything in these tests takes.
const patience = time.Minute

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// connect returns both sides of a channel within this process.
func connect(t *testing.T) (a, b *Channel) {
	t.Helper()
	a, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = newChannel(theirs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// sending sends a message, and returns a function that waits for its end.
func sending(t *testing.T, c *Channel, m Message) (ended func() error) {
	done := make(chan error, 1)
	go func() { done <- c.Send(within(t, patience), m) }()
	return func() error { return <-done }
}

// pipes returns the reading ends of pipes that hold one byte each: their number. All are closed with the test.
func pipes(t *testing.T, n int) (files []syscall.Conn) {
	t.Helper()
	for i := range n {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		w.Close()
		t.Cleanup(func() { r.Close() })
		files = append(files, r)
	}
	return files
}

// wantPipes reads what pipes has written.
func wantPipes(t *testing.T, files []*os.File, n int) {
	t.Helper()
	if len(files) != n {
		t.Fatalf("got %d files, want %d", len(files), n)
	}
	for i, f := range files {
		if data, err := io.ReadAll(f); err != nil || len(data) != 1 || data[0] != byte(i) {
			t.Fatalf("file %d: got %v, %v", i, data, err)
		}
	}
}

// openFiles returns how many files this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
