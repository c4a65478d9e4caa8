package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// held is a handler that waits until release, and says when it has begun.
func held() (h handler, begun, release chan struct{}) {
	begun, release = make(chan struct{}, 100), make(chan struct{})
	return func(context.Context, *protocol.Event, func(*protocol.Effect) error) string {
		select {
		case begun <- struct{}{}:
		default: // nobody waits for that many
		}
		<-release
		return "7"
	}, begun, release
}

func TestInjectWaitsForTheHandler(t *testing.T) {
	var asked bool
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
		asked = e.Result
		return `"ok"`
	}}}
	s := serveApplication(t, a, nil)
	trace, err := s.Inject(t.Context(), []byte("document"))
	if err != nil || string(trace.Result) != `"ok"` || trace.Kind != protocol.Fifo || trace.Bytes != 8 || trace.Client != 0 || !asked {
		t.Errorf("got %+v, %v", trace, err)
	}
}

func TestInjectTellsWhatRunsFromWhatWillNot(t *testing.T) {
	h, begun, release := held()
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: h}}
	s := serveApplication(t, a, nil)
	first := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := s.Inject(ctx, []byte("1"))
		first <- err
	}()
	<-begun
	late, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if _, err := s.Inject(late, []byte("2")); !errors.Is(err, ErrNotRun) {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, ErrRuns) {
		t.Errorf("got %v", err)
	}
	close(release)
	if trace, err := s.Inject(t.Context(), []byte("3")); err != nil || string(trace.Result) != "7" {
		t.Errorf("got %+v, %v", trace, err)
	}
	if n := a.count("fifo 0 begins"); n != 2 {
		t.Errorf("%d documents ran", n)
	}
}

func TestInjectIsBounded(t *testing.T) {
	h, begun, release := held()
	s := serveApplication(t, &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: h}}, nil)
	if err := s.fifo(t.Context(), []byte("runs")); err != nil {
		t.Fatal(err)
	}
	<-begun
	for range documents {
		if err := s.fifo(t.Context(), []byte("waits")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Inject(t.Context(), []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	close(release)
	s.drained()
	if _, err := s.Inject(t.Context(), []byte("x")); !errors.Is(err, ErrStopping) {
		t.Errorf("got %v", err)
	}
}

func TestInjectReturnsFailures(t *testing.T) {
	s := serveApplication(t, &severed{}, nil)
	trace, err := s.Inject(t.Context(), []byte("x"))
	if !errors.Is(err, protocol.ErrCutOff) || trace == nil || trace.Failure != "cut_off" || trace.Fault.Message == "" {
		t.Errorf("got %+v, %v", trace, err)
	}
	if i := s.Incidents(); len(i) != 1 || i[0].Times != 1 || i[0].Kind != protocol.Fifo || i[0].Name != "cut_off" {
		t.Errorf("got %+v", i)
	}
}

// severed cuts off every document.
type severed struct{ standin }

func (f *severed) Describe(ctx context.Context) (*protocol.Description, error) {
	d, err := f.standin.Describe(ctx)
	d.Handlers["ws_server_fifo"] = protocol.Handler{}
	return d, err
}

func (f *severed) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	if events[0].Kind == protocol.Fifo {
		return protocol.ErrCutOff
	}
	return f.standin.Run(ctx, apply, events...)
}

func TestInjectSaysThatTheHandlerIsGone(t *testing.T) {
	h, begun, release := held()
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Fifo: h}}
	s := serveApplication(t, a, nil)
	errs := make(chan error, 2)
	inject := func() {
		_, err := s.Inject(t.Context(), []byte("document"))
		errs <- err
	}
	go inject()
	<-begun
	go inject()
	eventually(t, "the second waits", func() bool { return s.events.Len() == 1 })
	s.app.Store(isolation.New(&s.cfg().Isolation, &protocol.Description{}))
	close(release)
	if got := errors.Join(<-errs, <-errs); got == nil || got.Error() != ErrNoHandler.Error() {
		t.Errorf("got %v, want it of the second only", got)
	}
}
