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

func TestEventsRunBesideOthersOnlyIfProven(t *testing.T) {
	why := &protocol.Cause{Why: "keeps static variable $n"}
	d := &protocol.Description{
		Code: "9f",
		Handlers: protocol.HandlerSet{
			"ws_server_authenticate": {},
			"ws_server_open":         {Table: why},
			"ws_server_text":         {Process: why},
			"ws_server_binary":       {Writes: []string{"counter"}},
			"ws_server_read":         {Reads: []string{"counter"}},
			"ws_server_fifo":         {},
			"ws_server_before_close": {},
			"ws_server_after_close":  {Process: why},
		},
		Globals: protocol.GlobalSet{"counter": {Lives: true}},
	}
	const alone, beside, outside, request = AloneWorker, AloneOrBeside, BesideOthers, OwnRequest
	for _, row := range []struct {
		kind protocol.Kind
		want map[Mode]Place
		why  string // in mode auto
	}{
		{protocol.Authenticate, map[Mode]Place{Auto: beside, Serial: alone, PerConnection: outside},
			"nothing in its code reaches further than its row, or needs the one process"},
		{protocol.Open, map[Mode]Place{Auto: alone, Serial: alone, PerConnection: outside}, "keeps static variable $n"},
		{protocol.Text, map[Mode]Place{Auto: alone, Serial: alone, PerConnection: request}, "keeps static variable $n"},
		{protocol.Binary, map[Mode]Place{Auto: alone, Serial: alone, PerConnection: alone}, "may write $counter, which lives"},
		{protocol.Read, map[Mode]Place{Auto: beside, Serial: alone, PerConnection: outside},
			"nothing in its code reaches further than its row, or needs the one process"},
		{protocol.Fifo, map[Mode]Place{Auto: beside, Serial: alone, PerConnection: alone},
			"nothing in its code reaches further than its row, or needs the one process"},
		{protocol.Closing, map[Mode]Place{Auto: alone, Serial: alone, PerConnection: request},
			"shares its turn with ws_server_after_close: keeps static variable $n"},
	} {
		for mode, want := range row.want {
			a := New(&Config{Mode: mode, Resident: true}, d)
			if got := a.Place(row.kind); got != want || a.RunMode(row.kind).Beside != (want == beside || want == outside) {
				t.Errorf("%s, %s: got %q", row.kind, mode, got)
			}
			if stateless := a.Under(&Config{Mode: mode}); stateless.RunMode(row.kind).Beside || stateless.Place(row.kind) != OwnRequest {
				t.Errorf("%s, %s: beside without residents", row.kind, mode)
			}
			if got := a.Why(row.kind, row.kind.Handlers()[0]).Why; mode == Auto && got != row.why {
				t.Errorf("%s: got why %q", row.kind, got)
			}
		}
	}
}

func TestConfigurationDoesNotOverruleTheProcess(t *testing.T) {
	why := &protocol.Cause{Why: "calls $callback"}
	d := &protocol.Description{Code: "9f", Handlers: protocol.HandlerSet{"ws_server_text": {Table: why}, "ws_server_open": {Table: why, Process: why}}}
	cfg := &Config{Mode: Auto, Resident: true, Handlers: map[string]Mode{"ws_server_text": PerConnection, "ws_server_open": PerConnection}}
	a := New(cfg, d)
	if !a.RunMode(protocol.Text).Beside || a.RunMode(protocol.Open).Beside {
		t.Errorf("got %+v, %+v", a.RunMode(protocol.Text), a.RunMode(protocol.Open))
	}
	if got := a.Why(protocol.Text, "ws_server_text").Why; got != `isolation.handlers.text = "connection"` {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsSeenAtRunTimeKeepsEventsFromRunningBesideOthers(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Reads: []string{"db"}}, "ws_server_after_close": {}, "ws_server_open": {}},
		Globals:  protocol.GlobalSet{"db": {Lives: true}},
	}
	a := New(&Config{Mode: Auto, Resident: true}, d)
	beside := func(a *Application, want bool, kinds ...protocol.Kind) {
		t.Helper()
		for _, kind := range kinds {
			if got := a.RunMode(kind).Beside; got != want {
				t.Errorf("%s: got %v, since it %s", kind, got, a.Why(kind, kind.Handlers()[0]).Why)
			}
		}
	}
	beside(a, true, protocol.Text, protocol.Closing, protocol.Open)
	beside(losing(a, "db"), false, protocol.Text)
	held := a.WithHeld([]string{"db"})
	beside(held, false, protocol.Text)
	beside(held, true, protocol.Open)
	beside(New(&Config{Mode: Auto, Resident: true}, d).Knowing(held), false, protocol.Text)
	if !held.IsHeld("db") || a.IsHeld("db") || !held.Global("db").Lives {
		t.Error("IsHeld is wrong, or WithHeld has changed its receiver, or a variable's life")
	}
	wrote := a.WithWriter(protocol.Closing, "A::$n").WithWriter(protocol.Open, "$x")
	beside(wrote, false, protocol.Closing, protocol.Open)
	beside(wrote.WithLost([]string{"x"}).Under(&Config{Mode: Auto, Resident: true}), false, protocol.Closing)
	beside(wrote, true, protocol.Text)
	beside(a, true, protocol.Closing)
	if !wrote.IsWriter(protocol.Closing) || wrote.IsWriter(protocol.Text) || a.IsWriter(protocol.Closing) {
		t.Error("IsWriter is wrong, or WithWriter has changed its receiver")
	}
	if got := wrote.Why(protocol.Closing, "ws_server_after_close").Why; got != "was seen to write A::$n, which its code does not show" {
		t.Errorf("got %q", got)
	}
	beside(a.WithVariant("a0"), false, protocol.Text)
	d.Code = "9f+"
	beside(New(&Config{Mode: PerConnection, Resident: true}, d), false, protocol.Text)
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
	lost := losing(a, "db")
	if m := lost.RunMode(protocol.Text); m.Alone || !slices.Equal(m.Globals, []string{"db"}) || !lost.IsLost("db") || a.lost != nil {
		t.Error("WithLost has no effect, or has changed its receiver, or the variable can never be given another value")
	}
	if !lost.WithoutLost([]string{"db"}).RunMode(protocol.Text).Alone || !lost.IsLost("db") {
		t.Error("WithoutLost has no effect, or has changed its receiver")
	}
	if once := a.WithLost([]string{"db"}); !once.RunMode(protocol.Text).Alone || once.Losses("db") != 1 {
		t.Error("a single value that cannot be passed on lets handlers run beside others")
	}
}

// losing returns the application after a variable was given nothing but what no process can pass on.
func losing(a *Application, name string) *Application {
	for range lostAfter {
		a = a.WithLost([]string{name})
	}
	return a
}

func TestEventsRunAloneUntilFirstValuesAreKnown(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Reads: []string{"secret"}}, "ws_server_open": {Reads: []string{"title"}}},
		Globals:  protocol.GlobalSet{"secret": {Lives: true, Differs: true}, "title": {Lives: true}, "db": {Differs: true}},
	}
	a := New(&Config{Mode: Auto}, d)
	if m := a.RunMode(protocol.Text); !m.Alone || !slices.Equal(m.First, []string{"secret"}) || a.RunMode(protocol.Open).Alone {
		t.Errorf("got %+v, %+v", m, a.RunMode(protocol.Open))
	}
	known := a.WithKnown([]string{"secret"})
	if m := known.RunMode(protocol.Text); m.Alone || len(m.First) > 0 || !a.RunMode(protocol.Text).Alone {
		t.Errorf("got %+v", m)
	}
	if m := New(&Config{Mode: Auto}, d).Knowing(known).RunMode(protocol.Text); m.Alone {
		t.Error("the same code forgets first values")
	}
	resident := a.Under(&Config{Mode: Auto, Resident: true})
	if m := resident.RunMode(protocol.Text); m.Alone || m.Beside || !slices.Equal(resident.FirstOfWorker(), []string{"secret"}) {
		t.Errorf("got %+v, %q", m, resident.FirstOfWorker())
	}
	if !resident.WithKnown([]string{"secret"}).RunMode(protocol.Text).Beside {
		t.Error("runs in the one process although first values are known")
	}
}

// With a request per event, variables that may share an object travel together. A resident worker keeps what they share.
func TestVariablesThatMayShareAnObjectGoTogether(t *testing.T) {
	d := &protocol.Description{
		Code:     "9f",
		Handlers: protocol.HandlerSet{"ws_server_text": {Writes: []string{"hub"}}, "ws_server_open": {Writes: []string{"count"}}},
		Globals:  protocol.GlobalSet{"hub": {Lives: true, Holds: true}, "log": {Lives: true, Holds: true}, "count": {Lives: true}, "db": {Holds: true}},
	}
	a := New(&Config{Mode: Auto}, d)
	for kind, want := range map[protocol.Kind][]string{protocol.Text: {"hub", "log"}, protocol.Open: {"count"}} {
		if m := a.RunMode(kind); !slices.Equal(m.Globals, want) || !slices.Equal(m.Values, want) || m.Linked != (len(want) > 1) {
			t.Errorf("%s: got %+v", kind, m)
		}
	}
	if m := a.Under(&Config{Mode: Auto, Resident: true}).RunMode(protocol.Text); !slices.Equal(m.Globals, []string{"hub"}) || m.Linked {
		t.Errorf("resident: got %+v", m)
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
