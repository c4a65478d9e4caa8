package isolation

import (
	"fmt"
	"slices"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestRunModeFollowsWhatHandlersReach(t *testing.T) {
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
		want map[Mode]string
		also string
	}{
		{protocol.Authenticate, map[Mode]string{Auto: beside, Serial: whole, PerConnection: beside}, ""},
		{protocol.Open, map[Mode]string{Auto: whole, Serial: whole, PerConnection: beside}, ""},
		{protocol.Text, map[Mode]string{Auto: beside, Serial: whole, PerConnection: beside}, " open values [title]"},
		{protocol.Binary, map[Mode]string{Auto: alone, Serial: whole, PerConnection: alone}, " values [counter title] globals [counter]"},
		{protocol.Fifo, map[Mode]string{Auto: beside, Serial: whole, PerConnection: whole}, ""},
		{protocol.Loop, map[Mode]string{Auto: alone, Serial: whole, PerConnection: whole}, " values [counter title] any"},
		{protocol.Closing, map[Mode]string{Auto: whole, Serial: whole, PerConnection: beside}, " sockets"},
	} {
		for mode, want := range row.want {
			a := New(&Config{Mode: mode}, d)
			if got := describe(a.RunMode(row.kind)); got != want+row.also {
				t.Errorf("%s, %s: got %q, want %q", row.kind, mode, got, want+row.also)
			}
		}
	}
}

func describe(m *RunMode) string {
	s := "beside"
	if m.Alone {
		s = "alone"
	}
	for _, part := range []struct {
		name string
		set  bool
	}{{"whole", m.Whole}, {"open", m.Open}, {"sockets", m.Sockets}} {
		if part.set {
			s += " " + part.name
		}
	}
	if len(m.Values) > 0 {
		s += fmt.Sprintf(" values %v", m.Values)
	}
	if len(m.Globals) > 0 {
		s += fmt.Sprintf(" globals %v", m.Globals)
	}
	if m.AnyGlobal {
		s += " any"
	}
	return s
}

func TestUnsettledCodeRunsAlone(t *testing.T) {
	d := &protocol.Description{Code: "9f+", Handlers: protocol.HandlerSet{"ws_server_text": {}}}
	if m := New(&Config{Mode: Auto}, d).RunMode(protocol.Text); !m.Alone || !m.Whole {
		t.Errorf("got %+v", m)
	}
}

func TestConfigurationOverridesHandlers(t *testing.T) {
	why := &protocol.Cause{Why: "calls $callback"}
	d := &protocol.Description{Code: "9f", Handlers: protocol.HandlerSet{"ws_server_text": {Table: why}, "ws_server_loop": {}, "ws_server_fifo": {Table: why}}}
	cfg := &Config{Mode: Auto, Handlers: map[string]Mode{
		"ws_server_text": PerConnection, "ws_server_loop": Serial, "ws_server_fifo": PerConnection}}
	a := New(cfg, d)
	for kind, alone := range map[protocol.Kind]bool{protocol.Text: false, protocol.Loop: true, protocol.Fifo: false} {
		if m := a.RunMode(kind); m.Alone != alone || m.Whole != alone {
			t.Errorf("%s: got %+v", kind, m)
		}
	}
}

func TestConfigurationOverridesGlobals(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Writes: []string{"cache", "hidden"}}},
		Globals:  protocol.GlobalSet{"cache": {Lives: true}, "hidden": {}},
	}
	cfg := &Config{Mode: Auto, LiveGlobals: []string{"hidden"}, ForgetGlobals: []string{"cache"}}
	a := New(cfg, d)
	if m := a.RunMode(protocol.Text); !slices.Equal(m.Globals, []string{"hidden"}) {
		t.Errorf("got %v", m.Globals)
	}
}

func TestLostGlobalsDoNotMakeHandlersRunAlone(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Writes: []string{"db"}}},
		Globals:  protocol.GlobalSet{"db": {Lives: true}},
	}
	a := New(&Config{Mode: Auto}, d)
	if !a.RunMode(protocol.Text).Alone {
		t.Error("a handler that writes a global runs beside others")
	}
	if lost := a.WithLost([]string{"db"}); lost.RunMode(protocol.Text).Alone || a.lost != nil {
		t.Error("WithLost has no effect, or has changed its receiver")
	}
}

func TestCodeThatVariesRunsAlone(t *testing.T) {
	d := &protocol.Description{Code: "9f", Handlers: protocol.HandlerSet{"ws_server_text": {}}}
	a := New(&Config{Mode: Auto}, d).WithVariant("a0")
	if m := a.RunMode(protocol.Text); !m.Alone || !m.Whole || m.Code != "" {
		t.Errorf("got %+v", m)
	}
	if !a.Knows("9f") || !a.Knows("a0") || a.Knows("b1") {
		t.Error("got wrong fingerprints")
	}
}
