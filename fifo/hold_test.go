package fifo

import (
	"context"
	"errors"
	"testing"
	"time"
)

func hold(t *testing.T, p *Pipe) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Hold(ctx); err != nil {
		t.Fatal(err)
	}
}

// wantNothing checks that nothing has been delivered.
func (c *collector) wantNothing(t *testing.T) {
	t.Helper()
	select {
	case doc := <-c.docs:
		t.Fatalf("%q was delivered", doc)
	default:
	}
}

func TestAHeldPipeIsNotRead(t *testing.T) {
	p := create(t, Config{})
	c := newCollector()
	stop := run(t, p, c.deliver)
	send(t, p.Path(), `{"n":1}`)
	c.wantDoc(t, `{"n":1}`)
	hold(t, p)
	if err := p.Hold(t.Context()); !errors.Is(err, ErrHeld) {
		t.Errorf("the second Hold: %v", err)
	}
	send(t, p.Path(), `{"n":2}`)
	send(t, p.Path(), `{"n":3}`)
	if isEmpty(p) {
		t.Error("the pipe was read")
	}
	c.wantNothing(t)
	p.Resume()
	c.wantDoc(t, `{"n":2}`)
	c.wantDoc(t, `{"n":3}`)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func isEmpty(p *Pipe) bool { return pipeSource{file: p.current.reading}.empty() }

// A document that Hold has interrupted comes again, with those that were read together with it, in their order.
func TestHoldEndsADeliverThatWaits(t *testing.T) {
	p := create(t, Config{})
	c := newCollector()
	waits := make(chan struct{})
	first := true
	run(t, p, func(ctx context.Context, doc []byte) error {
		if first {
			first = false
			close(waits)
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return c.deliver(ctx, doc)
	})
	send(t, p.Path(), `{"n":1}{"n":2}{"n":3}`)
	receive(t, waits, "document")
	hold(t, p)
	c.wantNothing(t)
	p.Resume()
	for _, doc := range []string{`{"n":1}`, `{"n":2}`, `{"n":3}`} {
		c.wantDoc(t, doc)
	}
}

// Reading goes on if a deliver cannot be interrupted in time.
func TestHoldGivesUp(t *testing.T) {
	p := create(t, Config{})
	c := newCollector()
	waits, goOn := make(chan struct{}), make(chan struct{})
	first := true
	run(t, p, func(ctx context.Context, doc []byte) error {
		if first {
			first = false
			close(waits)
			<-goOn
		}
		return c.deliver(ctx, doc)
	})
	send(t, p.Path(), `{"n":1}{"n":2}`)
	receive(t, waits, "document")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := p.Hold(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(goOn)
	send(t, p.Path(), `{"n":3}`)
	for _, doc := range []string{`{"n":1}`, `{"n":2}`, `{"n":3}`} {
		c.wantDoc(t, doc)
	}
}

// The reader of a held pipe may be ended, and the next one goes on in the middle of a document.
func TestRunGoesOnWhereAHeldOneEnded(t *testing.T) {
	p := create(t, Config{Stall: patience, Quiet: patience, Grace: time.Millisecond})
	c := newCollector()
	stop := run(t, p, c.deliver)
	w := open(t, p.Path())
	defer w.Close()
	if _, err := w.WriteString(`{"n":1}{"half`); err != nil {
		t.Fatal(err)
	}
	c.wantDoc(t, `{"n":1}`)
	hold(t, p)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, p, c.deliver)
	if _, err := w.WriteString(`":2}`); err != nil {
		t.Fatal(err)
	}
	c.wantNothing(t)
	p.Resume()
	c.wantDoc(t, `{"half":2}`)
}

func TestCloseOfAHeldPipeReportsWhatIsLost(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Stall: patience, Report: c.report})
	run(t, p, c.deliver)
	w := open(t, p.Path())
	defer w.Close()
	if _, err := w.WriteString(`{"n":1}{"half`); err != nil {
		t.Fatal(err)
	}
	c.wantDoc(t, `{"n":1}`)
	hold(t, p)
	if _, err := w.WriteString(`rest`); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	c.wantSkipped(t, Skipped{Discarded, int64(len(`{"halfrest`))})
	if err := p.Hold(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Hold after Close: %v", err)
	}
}
