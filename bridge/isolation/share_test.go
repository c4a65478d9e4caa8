package isolation

import (
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestOnlyEventsThatAreKnownToBeQuickGoTogether(t *testing.T) {
	p := NewPace()
	quick := func(n int) {
		for range n {
			p.AddShare(protocol.Text, 100*time.Microsecond, true)
		}
	}
	want := func(when string, together int) {
		t.Helper()
		if n := p.Together(protocol.Text); n != together {
			t.Errorf("%s: %d go together, want %d", when, n, together)
		}
	}
	want("unknown", 1)
	quick(judgedFirst)
	want("quick", maxTogether)
	p.AddShare(protocol.Text, time.Second, false)
	want("after a time that includes what PHP waited for a processor", maxTogether)
	for strikes := 1; strikes <= maxStrikes+1; strikes++ {
		p.AddShare(protocol.Text, longEvent, true)
		want("after a long one", 1)
		quick(judgedFirst<<min(strikes, maxStrikes) - 1)
		want("not yet", 1)
		quick(1)
		want("again", maxTogether)
		quick(forgiven - judgedFirst<<min(strikes, maxStrikes)%forgiven - 1) // one more would forgive
		if strikes == 3 {
			break
		}
	}
	p.AddFailure(protocol.Text)
	want("after a failure", 1)
	for range 100 {
		p.AddShare(protocol.Binary, longEvent*3/4, true)
	}
	if n := p.Together(protocol.Binary); n != 2 {
		t.Errorf("%d of 1.5 ms go together", n)
	}
	if p.Together(protocol.Loop) != 1 {
		t.Error("an unknown kind goes together")
	}
}

func TestOnlyHandlersThatLeaveNothingShareRequests(t *testing.T) {
	cause := &protocol.Cause{Why: "does"}
	for name, test := range map[string]struct {
		kind     protocol.Kind
		handler  protocol.Handler
		resident bool
		shares   bool
	}{
		"leaves nothing":   {protocol.Text, protocol.Handler{}, false, true},
		"reads a global":   {protocol.Text, protocol.Handler{Reads: []string{"limit"}}, false, true},
		"looks at client":  {protocol.Binary, protocol.Handler{Client: true}, false, true},
		"resident workers": {protocol.Text, protocol.Handler{}, true, false},
		"other kind":       {protocol.Open, protocol.Handler{}, false, false},
		"all rows":         {protocol.Text, protocol.Handler{Table: cause}, false, false},
		"sockets":          {protocol.Text, protocol.Handler{Sockets: cause}, false, false},
		"one process":      {protocol.Text, protocol.Handler{Process: cause}, false, false},
		"its own request":  {protocol.Text, protocol.Handler{Single: cause}, false, false},
		"writes a global":  {protocol.Text, protocol.Handler{Writes: []string{"n"}}, false, false},
		"any global":       {protocol.Text, protocol.Handler{AnyGlobal: cause}, false, false},
	} {
		d := &protocol.Description{Code: "c", Shares: true, Handlers: protocol.HandlerSet{"ws_server_" + string(test.kind): test.handler}}
		for _, mode := range []Mode{Auto, PerConnection} {
			m := New(&Config{Mode: mode, Resident: test.resident}, d).RunMode(test.kind)
			if m.Shares != test.shares || m.Parameters != test.handler.Client {
				t.Errorf("%s, %s: got %v, %v", name, mode, m.Shares, m.Parameters)
			}
		}
		if d.Code = "c" + protocol.Uncertain; New(&Config{Mode: Auto}, d).RunMode(test.kind).Shares {
			t.Errorf("%s: shares although the code has just changed", name)
		}
	}
}
