package bridge

import (
	"fmt"
	"slices"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestPlanFollowsWhatHandlersReach(t *testing.T) {
	why := &protocol.Cause{Why: "$connections is used"}
	d := &protocol.Description{
		Code: "9f",
		Handlers: protocol.HandlerSet{
			"ws_server_authenticate": {},
			"ws_server_open":         {Table: why},
			"ws_server_text":         {Peers: true, Reads: []string{"title", "db"}},
			"ws_server_binary":       {Writes: []string{"counter", "db"}, Reads: []string{"title"}},
			"ws_server_fifo":         {},
			"ws_server_loop":         {AnyGlobal: why},
			"ws_server_before_close": {},
			"ws_server_after_close":  {Table: why, Sockets: why},
		},
		Globals: protocol.GlobalSet{"counter": {Lives: true}, "title": {Lives: true}, "db": {}},
	}
	const beside, alone, whole = "beside", "alone", "alone whole"
	for _, row := range []struct {
		kind protocol.Kind
		want map[Isolation]string
		also string
	}{
		{protocol.Authenticate, map[Isolation]string{Auto: beside, Serial: whole, PerConnection: beside}, ""},
		{protocol.Open, map[Isolation]string{Auto: whole, Serial: whole, PerConnection: beside}, ""},
		{protocol.Text, map[Isolation]string{Auto: beside, Serial: whole, PerConnection: beside}, " open values [title]"},
		{protocol.Binary, map[Isolation]string{Auto: alone, Serial: whole, PerConnection: alone}, " values [counter title] globals [counter]"},
		{protocol.Fifo, map[Isolation]string{Auto: beside, Serial: whole, PerConnection: whole}, ""},
		{protocol.Loop, map[Isolation]string{Auto: alone, Serial: whole, PerConnection: whole}, " values [counter title] any"},
		{protocol.Closing, map[Isolation]string{Auto: whole, Serial: whole, PerConnection: beside}, " sockets"},
	} {
		for mode, want := range row.want {
			a := newApplication(&Config{Isolation: mode}, d)
			if got := describePlan(a.plans[row.kind]); got != want+row.also {
				t.Errorf("%s, %s: got %q, want %q", row.kind, mode, got, want+row.also)
			}
		}
	}
}

func describePlan(p *plan) string {
	s := "beside"
	if p.alone {
		s = "alone"
	}
	for _, part := range []struct {
		name string
		set  bool
	}{{"whole", p.whole}, {"open", p.open}, {"sockets", p.sockets}} {
		if part.set {
			s += " " + part.name
		}
	}
	if len(p.values) > 0 {
		s += fmt.Sprintf(" values %v", p.values)
	}
	if len(p.globals) > 0 {
		s += fmt.Sprintf(" globals %v", p.globals)
	}
	if p.any {
		s += " any"
	}
	return s
}

func TestPlanOfCodeThatMayStillBeAnother(t *testing.T) {
	d := &protocol.Description{Code: "9f+", Handlers: protocol.HandlerSet{"ws_server_text": {}}}
	if p := newApplication(&Config{Isolation: Auto}, d).plans[protocol.Text]; !p.alone || !p.whole {
		t.Errorf("got %+v", p)
	}
}

func TestPlanOfHandlersThatTheConfigurationKnowsBetter(t *testing.T) {
	why := &protocol.Cause{Why: "calls $callback"}
	d := &protocol.Description{Code: "9f", Handlers: protocol.HandlerSet{"ws_server_text": {Table: why}, "ws_server_loop": {}, "ws_server_fifo": {Table: why}}}
	cfg := &Config{Isolation: Auto, HandlerIsolation: map[string]Isolation{
		"ws_server_text": PerConnection, "ws_server_loop": Serial, "ws_server_fifo": PerConnection}}
	a := newApplication(cfg, d)
	for kind, alone := range map[protocol.Kind]bool{protocol.Text: false, protocol.Loop: true, protocol.Fifo: false} {
		if p := a.plans[kind]; p.alone != alone || p.whole != alone {
			t.Errorf("%s: got %+v", kind, p)
		}
	}
}

func TestPlanOfGlobalsThatTheConfigurationKnowsBetter(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Writes: []string{"cache", "hidden"}}},
		Globals:  protocol.GlobalSet{"cache": {Lives: true}, "hidden": {}},
	}
	cfg := &Config{Isolation: Auto, LiveGlobals: []string{"hidden"}, ForgetGlobals: []string{"cache"}}
	a := newApplication(cfg, d)
	if p := a.plans[protocol.Text]; !slices.Equal(p.globals, []string{"hidden"}) {
		t.Errorf("got %v", p.globals)
	}
}

func TestGlobalsThatCannotBeCarriedKeepNobodyAlone(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Writes: []string{"db"}}},
		Globals:  protocol.GlobalSet{"db": {Lives: true}},
	}
	a := newApplication(&Config{Isolation: Auto}, d)
	if !a.plans[protocol.Text].alone {
		t.Error("a handler that writes a global runs beside others")
	}
	if lost := a.withLost([]string{"db"}); lost.plans[protocol.Text].alone || a.lost != nil {
		t.Error("what was found out is not used, or was found out of the past, too")
	}
}

func TestCodeThatVariesRunsAsInTheOriginal(t *testing.T) {
	d := &protocol.Description{Code: "9f", Handlers: protocol.HandlerSet{"ws_server_text": {}}}
	a := newApplication(&Config{Isolation: Auto}, d).withVariant("a0")
	if p := a.plans[protocol.Text]; !p.alone || !p.whole || p.code != "" {
		t.Errorf("got %+v", p)
	}
	if !a.knows("9f") || !a.knows("a0") || a.knows("b1") {
		t.Error("fingerprints are not remembered")
	}
}
