package bridge

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// flakyPipe cannot be read the first time.
type flakyPipe struct{ runs int }

func (p *flakyPipe) Run(ctx context.Context, deliver func(context.Context, [][]byte) (int, error)) error {
	if p.runs++; p.runs == 1 {
		return errors.New("read: input/output error")
	}
	_, err := deliver(ctx, [][]byte{[]byte("document")})
	<-ctx.Done()
	return err
}

func TestPipeIsReadAgainAfterAnError(t *testing.T) {
	arrived := make(chan struct{}, 10)
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Fifo: func(context.Context, *protocol.Event, func(*protocol.Effect) error) string {
			arrived <- struct{}{}
			return "true"
		}}}
	s := serveApplication(t, a, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.readPipe(ctx, &flakyPipe{})
	}()
	<-arrived
	cancel()
	<-ended
}

// causes is a pipe without documents that tells why it was to end, each time.
type causes struct{ told chan error }

func (p *causes) Run(ctx context.Context, _ func(context.Context, [][]byte) (int, error)) error {
	<-ctx.Done()
	p.told <- context.Cause(ctx)
	return nil
}

func TestPipeLearnsOfAHandOver(t *testing.T) {
	b, _ := newBridge(t, echoes(), nil)
	if err := b.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	pipe, done := &causes{make(chan error, 10)}, make(chan error, 1)
	go func() { done <- b.Serve(ctx, l, pipe) }()
	for range 2 { // after the first it is read again
		frozen, err := b.Freeze(t.Context(), 0, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-pipe.told; !errors.Is(err, ErrHandingOver) {
			t.Errorf("got %v", err)
		}
		frozen.Thaw()
	}
	stop()
	if err := <-pipe.told; errors.Is(err, ErrHandingOver) {
		t.Errorf("in a shutdown: got %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// enqueueDocument queues a document as the pipe's reader does.
func (s *served) enqueueDocument(ctx context.Context, document []byte) error {
	_, err := s.enqueueDocuments(ctx, [][]byte{document})
	return err
}
