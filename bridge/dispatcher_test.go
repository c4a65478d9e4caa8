package bridge

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// versioned is an application whose code changes: PHP runs no event that expects another version.
type versioned struct {
	standin
	code      atomic.Pointer[string]
	described atomic.Int32
	describe  func(code string) *protocol.Description
}

func (v *versioned) Describe(context.Context) (*protocol.Description, error) {
	v.described.Add(1)
	return v.describe(*v.code.Load()), nil
}

func (v *versioned) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	code := *v.code.Load()
	for _, e := range events {
		if e.Code != "" && e.Code != code {
			return apply(&protocol.Effect{Seq: e.Seq, Failed: &protocol.Failure{Kind: protocol.FailedChanged, Name: code}})
		}
	}
	return v.standin.Run(ctx, func(e *protocol.Effect) error {
		if e.Done != nil {
			e.Done.Code = code
		}
		return apply(e)
	}, events...)
}

func described(code string, text protocol.Handler) *protocol.Description {
	return &protocol.Description{Code: code, Presence: true, Handlers: protocol.HandlerSet{
		"ws_server_authenticate": {}, "ws_server_text": text}}
}

// The new code reaches all rows: no event of it may run as the old one was allowed to.
func TestChangedCodeRunsAsItNeeds(t *testing.T) {
	v := &versioned{describe: func(code string) *protocol.Description {
		if code == "old" {
			return described(code, protocol.Handler{})
		}
		return described(code, protocol.Handler{Table: &protocol.Cause{Why: "uses $connections"}})
	}}
	whole := make(chan bool, 1)
	v.handlers = map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			whole <- e.Whole
			return "null"
		},
	}
	v.code.Store(new("old"))
	s := serveApplication(t, v, func(c *Config) { c.Isolation.Mode = isolation.Auto })
	conn := s.connect()
	for _, row := range []struct {
		code      string
		whole     bool
		described int32
	}{{"old", false, 1}, {"new", true, 2}, {"new", true, 2}, {"old", false, 3}} {
		v.code.Store(&row.code)
		say(t, conn, "x")
		if got := <-whole; got != row.whole || v.described.Load() != row.described {
			t.Errorf("%s: whole is %v, described %d times", row.code, got, v.described.Load())
		}
	}
}

func TestCodeThatVariesIsDescribedOnce(t *testing.T) {
	v := &versioned{describe: func(string) *protocol.Description { return described("described", protocol.Handler{}) }}
	ran := make(chan bool, 1)
	v.handlers = map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			ran <- e.Whole
			return "null"
		},
	}
	v.code.Store(new("another"))
	s := serveApplication(t, v, func(c *Config) { c.Isolation.Mode = isolation.Auto })
	conn := s.connect()
	for range 5 {
		say(t, conn, "x")
		if !<-ran {
			t.Error("an event whose code is not known saw its own row only")
		}
	}
	if n := v.described.Load(); n != 2 {
		t.Errorf("described %d times", n)
	}
}

// show returns the key and the state of each row.
func show(e protocol.Encoded) string {
	rows := string(bytes.Join(e.Parts, nil))
	var all []string
	for _, m := range regexp.MustCompile(`i:(\d+);a:\d+:\{s:9:"peer_name".*?s:5:"state";s:\d+:"([A-Z ]+)";`).FindAllStringSubmatch(rows, -1) {
		all = append(all, m[1]+" "+m[2])
	}
	return fmt.Sprint(e.Entries, all)
}

// What authenticate writes is seen by no other event before the client is open, though that may run in between.
func TestNobodySeesAHandshakeHalfWay(t *testing.T) {
	proceed, asked := make(chan struct{}), make(chan struct{})
	v := &versioned{describe: func(code string) *protocol.Description {
		d := described(code, protocol.Handler{Table: &protocol.Cause{}})
		d.Handlers["ws_server_open"] = protocol.Handler{Table: &protocol.Cause{}}
		return d
	}}
	v.code.Store(new("9f"))
	seen := make(chan string, 1)
	v.handlers = map[protocol.Kind]handler{
		protocol.Authenticate: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			if e.Client == 2 {
				close(asked)
				<-proceed
			}
			return "true"
		},
		protocol.Text: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			seen <- show(e.Rows)
			return "null"
		},
	}
	s := serveApplication(t, v, func(c *Config) { c.Isolation.Mode = isolation.Auto })
	first := s.connect()
	joined := make(chan struct{})
	go func() { defer close(joined); s.connect() }()
	<-asked
	say(t, first, "who is there?")
	c := s.clients.get(1)
	eventually(t, "the text waits for its turn", func() bool { return c.events.Busy() && c.events.Len() == 0 })
	close(proceed)
	if got := <-seen; got != "2 [1 OPEN 2 CONNECTING]" {
		t.Errorf("between authenticate and open: %s", got)
	}
	<-joined
	say(t, first, "who is there?")
	if got := <-seen; got != "2 [1 OPEN 2 OPEN]" {
		t.Errorf("afterwards: %s", got)
	}
}

// The code changes between authenticate and open, and the new one has to wait for its turn while php-fpm is away. Unlike a handshake, an
// open client waits for php-fpm.
func TestOpenEventWaitsForPHPThatIsAway(t *testing.T) {
	var down atomic.Bool
	proceed, asked := make(chan struct{}), make(chan struct{})
	v := &versioned{describe: func(code string) *protocol.Description {
		d := described(code, protocol.Handler{})
		d.Handlers["ws_server_open"] = protocol.Handler{}
		if code == "new" {
			d.Handlers["ws_server_open"] = protocol.Handler{Table: &protocol.Cause{}}
		}
		return d
	}}
	v.code.Store(new("old"))
	v.down = down.Load
	v.handlers = map[protocol.Kind]handler{
		protocol.Authenticate: func(_ context.Context, e *protocol.Event, _ func(*protocol.Effect) error) string {
			if e.Client == 2 {
				close(asked)
				<-proceed
			}
			return "true"
		},
		protocol.Text: nil,
	}
	s := serveApplication(t, v, func(c *Config) { c.Isolation.Mode = isolation.Auto })
	first := s.connect()
	joined := make(chan struct{})
	go func() { defer close(joined); s.connect() }()
	<-asked
	down.Store(true)
	say(t, first, "holds a turn until php-fpm is back")
	eventually(t, "php-fpm is away", s.outage.On)
	v.code.Store(new("new"))
	close(proceed)
	<-joined
	if v.watch("open 2 begins") {
		t.Error("open ran without php-fpm")
	}
	down.Store(false)
	eventually(t, "open runs", func() bool { return v.count("open 2 ends") == 1 })
}
