package operate

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// tail reads live events until the test ends; next waits for one.
func tail(s *harness.Server, q url.Values) (next func() *api.Line) {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*harness.Patience)
	s.T.Cleanup(cancel)
	lines, err := s.Control().Tail(ctx, q)
	if err != nil {
		s.T.Fatal(err)
	}
	read := make(chan *api.Line, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(read)
		for line, err := range lines {
			if err != nil {
				s.T.Errorf("tail: %v", err)
				return
			}
			read <- line
		}
	}()
	s.T.Cleanup(func() { cancel(); <-done })
	return func() *api.Line {
		s.T.Helper()
		line, ok := <-read
		if !ok {
			s.T.Fatal("the stream has ended")
		}
		return line
	}
}

const talkative = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="die") { send_text($client_key,"soon"); no_such_function(); }
	if ($msg=="many") { for ($i=0;$i<70;$i++) { send_text($client_key,"x"); } return; }
	$connection["last"]=$msg;
	show_message("heard");
	send_text($client_key,strtoupper($msg));
	do_reply($client_key,"\x82\x01\xff");
}
function ws_server_open(&$connections,&$connection,$client_key) {}
function ws_server_before_close(&$connections,&$connection) {}`

func TestControlShowsEventsLive(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative})
	plain, of2 := tail(s, url.Values{}), tail(s, url.Values{"client": {"2"}, "event": {"text"}, "payloads": {"1"}})
	s.Connect().Ask("one")
	two := s.Connect()
	two.Ask("two")
	for _, want := range []string{"authenticate 1", "open 1", "text 1", "authenticate 2", "open 2", "text 2"} {
		if e := plain(); fmt.Sprint(e.Event.Event, " ", e.Client) != want || e.Payload != nil {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
	e := of2()
	if e.Event.Event != "text" || e.Client != 2 || string(e.Payload.Data) != "two" || e.Bytes != 3 || e.Total < e.Run || e.Run <= 0 {
		t.Errorf("got %+v", e)
	}
	wantEffects(t, e.Effects, "log heard", "send [2] TWO", "send [2] \x82\x01\xff", "rows 1")
	two.Send("many")
	two.Send("die")
	if e := of2(); len(e.Effects) != 65 || e.Effects[64].More != 6 || e.Made.Sent != 70 {
		t.Errorf("got %d effects, %+v", len(e.Effects), e.Made)
	}
	if e := of2(); e.Failure != "fatal" || e.Line == 0 || !strings.Contains(e.Error, "no_such_function") {
		t.Errorf("got %+v", e)
	} else {
		wantEffects(t, e.Effects, "send [2] soon")
	}
	for query, part := range map[string]string{"client=x": "key", "event=txt": "txt", "payloads=yes": "0 or 1", "since=1": "since"} {
		wantRefusal(t, s.Order(http.MethodGet, "/v1/events?"+query, "", nil), http.StatusBadRequest, part)
	}
}

func wantEffects(t *testing.T, effects []api.Effect, want ...string) {
	t.Helper()
	var got []string
	for _, e := range effects {
		switch {
		case e.Send != nil:
			got = append(got, fmt.Sprintf("send %v %s", e.Send.To.Keys, e.Send.Payload.Data))
		case e.Log != nil:
			got = append(got, "log "+e.Log.Message)
		default:
			got = append(got, fmt.Sprintf("rows %d", e.Rows))
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Events do not wait for a slow reader, which is told how many it missed. It reads often enough not to be taken for gone.
func TestControlDropsEventsThatNobodyReads(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative})
	conn, err := net.Dial("unix", s.Path("control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/events?payloads=1 HTTP/1.1\r\nHost: control\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() { told <- readUntilDropped(bufio.NewReader(response.Body)) }()
	c := s.Connect()
	message := strings.Repeat("x", 60000)
	for {
		c.Ask(message)
		c.Next()
		select {
		case err := <-told:
			if err != nil {
				t.Errorf("the stream has ended without a word of what is missing: %v", err)
			}
			return
		default:
		}
	}
}

// readUntilDropped reads two lines a second, fewer than there are events, until one tells of events that are missing.
func readUntilDropped(body *bufio.Reader) error {
	for {
		time.Sleep(500 * time.Millisecond)
		line, err := body.ReadString('\n')
		if err != nil || strings.HasPrefix(line, `{"dropped":`) {
			return err
		}
	}
}

func TestControlBoundsStreamsAndEndsThem(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative})
	control := s.Control()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		if _, err := control.Tail(ctx, url.Values{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := control.Tail(ctx, url.Values{})
	wantRefusal(t, err, http.StatusServiceUnavailable, "16")
	cancel()
	harness.Eventually(t, "there is room again", func() bool {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := control.Tail(ctx, url.Values{})
		return err == nil
	})
	next := tail(s, url.Values{"event": {"close"}})
	if status := s.Stop(s.Connect()); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if e := next(); e.Client != 1 { // the stream goes on to the end of the drain
		t.Errorf("got %+v", e)
	}
}

func TestControlRemembersFailures(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative})
	c := s.Connect()
	for range 3 {
		c.Ask("die")
	}
	var got *api.Errors
	harness.Eventually(t, "three failures are counted", func() (ok bool) {
		var err error
		if got, err = s.Control().Errors(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(got.Errors) == 1 && got.Errors[0].Times == 3
	})
	if e := got.Errors[0]; e.Event != "text" || e.Client != 1 || e.Failure != "fatal" || e.Line != 5 ||
		!strings.HasSuffix(e.File, "push_server_events.php") || !strings.Contains(e.Message, "no_such_function") {
		t.Errorf("got %+v", e)
	}
}

func TestControlHasASeries(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative})
	control := s.Control()
	c := s.Connect()
	if _, err := control.Series(t.Context()); err != nil { // php-fpm is asked only while somebody reads the series
		t.Fatal(err)
	}
	c.Ask("x")
	var events uint64
	var last api.Point
	harness.Eventually(t, "points tell of all events", func() bool {
		got, err := control.Series(t.Context())
		if err != nil || got.Interval != 2_000_000 {
			t.Fatal(got, err)
		}
		events = 0
		for _, p := range got.Points {
			events += p.Events
			last = p
		}
		return events == 3 && last.WorkersIdle != nil
	})
	if err := s.Order("GET", "/v1/series?after=yesterday", "", nil); err == nil {
		t.Error("a time that is none is taken")
	} else {
		wantRefusal(t, err, 400, "after=yesterday")
	}
	var news api.Series
	if err := s.Order("GET", "/v1/series?after="+last.Time.Add(-time.Millisecond).Format("2006-01-02T15:04:05.000Z"), "", &news); err != nil ||
		len(news.Points) == 0 || !news.Points[0].Time.Equal(last.Time) {
		t.Errorf("behind the last point but one: %+v, %v", news, err)
	}
	if last.Connections != 1 || *last.WorkersActive+*last.WorkersIdle != 4 {
		t.Errorf("got %+v", last)
	}
}

func TestControlTellsTheStatus(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: talkative, TOML: "[php]\nworkers = 3\n"})
	c := s.Connect()
	c.Ask("x")
	c.Next()
	var st *api.Status
	harness.Eventually(t, "the socket has taken both messages", func() (ok bool) {
		var err error
		if st, err = s.Control().Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		return st.Messages.Sent == 2 && st.Events.Done == 3
	})
	if !st.Ready || st.Paused || st.Draining || st.PID != s.PID() || st.Uptime <= 0 || st.Listen != s.Address ||
		st.Config != s.Path("wsbridge.toml") || st.Pipe != s.Path("ws_notify") || st.LogLevel != "info" {
		t.Errorf("got %+v", st)
	}
	if want := (api.ConnectionCounts{Open: 1, All: 1, Accepted: 1}); st.Connections != want {
		t.Errorf("got %+v", st.Connections)
	}
	if p := st.PHP; !p.Managed || !strings.HasPrefix(p.Version, "8.") && !strings.HasPrefix(p.Version, "7.") || p.Workers == nil ||
		p.Workers.Max != 3 || p.Workers.Total != 3 || p.Pool.Max != 3 || p.Pool.Connections != 1 {
		t.Errorf("got %+v, %+v", p, p.Workers)
	}
	// Events of new code run alone until the program is certain that this code runs.
	harness.Eventually(t, "the handlers run as their code says", func() bool {
		c.Ask("x")
		c.Next()
		st, err := s.Control().Status(t.Context())
		return err == nil && runs(st.Application.Handlers) == "authenticate beside, open beside, text alone, before_close beside"
	})
	response := s.Refused(http.Header{"Origin": {"https://else.example"}})
	_, _ = io.Copy(io.Discard, response.Body)
	if st, err := s.Control().Status(t.Context()); err != nil || st.Connections.Refused != 1 {
		t.Errorf("got %+v, %v", st.Connections, err)
	}
}

// runs says how handlers run; each has to say where and why, too.
func runs(handlers []api.Handler) string {
	var all []string
	for _, h := range handlers {
		if h.Place == "" || h.Why == "" || len(h.Cells) != 4 {
			return fmt.Sprintf("%+v", h)
		}
		all = append(all, h.Name+" "+h.Runs)
	}
	return strings.Join(all, ", ")
}
