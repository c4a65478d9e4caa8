package handlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The handlers over the life of a server.

func wantDiary(s *harness.Server, lines ...string) {
	s.T.Helper()
	want := strings.Join(lines, "\n") + "\n"
	if got := s.Read("diary"); got != want {
		s.T.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// diaryHas waits for a line.
func diaryHas(s *harness.Server, line string) {
	s.T.Helper()
	harness.Eventually(s.T, line, func() bool { return strings.Contains(s.Read("diary"), line+"\n") })
}

func TestLifeOfAServer(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary, TOML: harness.InitializeOnce})
	c := s.ConnectAs("login=anna")
	c.Want("welcome")
	c.Send("hi")
	c.Want("got hi")
	s.WritePipe(`{"to":"all"}`)
	diaryHas(s, `fifo {"to":"all"} 1`)
	if got := s.Refused(harness.Headers("login=evil")); got.StatusCode != 403 {
		t.Errorf("refused with %s", got.Status)
	}
	diaryHas(s, "after_close 1")
	d := s.ConnectAs("login=bert")
	d.Want("welcome")
	d.HangUp()
	diaryHas(s, "before_close bert REMOTE TERMINATED 1,3")
	e := s.ConnectAs("login=carl")
	e.Want("welcome")
	if code := e.Close(1000); code != 1000 {
		t.Errorf("close was answered with %d", code)
	}
	diaryHas(s, "before_close carl OPEN 1,4")
	if status := s.Stop(c); status != 0 {
		t.Errorf("exit status %d", status)
	}
	wantDiary(s,
		"initialize pipe=yes", "started pipe=yes 0",
		"authenticate CONNECTING login=anna tests 127.0.0.1", "open 1 OPEN anna", "text 1 hi", `fifo {"to":"all"} 1`,
		"authenticate CONNECTING login=evil tests 127.0.0.1", "before_close evil CONNECTING 1,2", "after_close 1",
		"authenticate CONNECTING login=bert tests 127.0.0.1", "open 3 OPEN bert",
		"before_close bert REMOTE TERMINATED 1,3", "after_close 1",
		"authenticate CONNECTING login=carl tests 127.0.0.1", "open 4 OPEN carl", "before_close carl OPEN 1,4", "after_close 1",
		"before_close anna OPEN 1", "after_close ", "shutdown ", "finalize pipe=no",
	)
}
