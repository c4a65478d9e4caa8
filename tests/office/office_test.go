package office

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// welcome is what template_fill makes of templates/welcome.txt.
const welcome = "welcome|%s|Shared & Sons = office|one lock for a document"

func TestOffice(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		for name, test := range map[string]func(o office){
			"welcome and presence":           officeWelcomes,
			"strangers are refused":          officeRefusesStrangers,
			"nobody sits at two desks":       officeHasOneDeskEach,
			"chat and private words":         officeTalks,
			"locks":                          officeLocks,
			"locks go to who waits":          officeHandsLocksOver,
			"drafts":                         officeKeepsDrafts,
			"renaming others":                officeRenames,
			"kicking":                        officeKicks,
			"kicking by the pipe":            officeKicksByPipe,
			"closing all but one in a loop":  officeClosesInTheEvening,
			"the web publishes and notifies": officePublishes,
			"frames":                         officeSendsFrames,
			"sockets":                        officeWritesToSockets,
			"helpers of its own":             officeHasHelpers,
		} {
			t.Run(name, func(t *testing.T) { test(o.in(t)) })
		}
		if n := o.Log.Count("", `"level":"WARN"`) + o.Log.Count("", `"level":"ERROR"`); n != 0 {
			t.Errorf("%d complaints in the log", n)
		}
	})
}

func officeWelcomes(o office) {
	anna := o.knock("anna")
	anna.Want(fmt.Sprintf(welcome, "anna"))
	anna.Want(presence("anna"))
	bert := o.knock("bert")
	bert.Want(fmt.Sprintf(welcome, "bert"))
	harness.WantAll([]*harness.Client{anna, bert}, presence("anna", "bert"))
	bert.SendClose(1000)
	harness.WantAll([]*harness.Client{anna, bert}, "leaving|bert|OPEN")
	anna.Want(presence("anna"))
	if code, _ := bert.Closed(); code != 1000 {
		o.T.Errorf("closed with %d", code)
	}
}

func officeRefusesStrangers(o office) {
	anna := o.enter("anna")[0]
	for _, cookie := range []string{"office_user=bert; office_secret=wrong", "office_user=zoe; office_secret=x", "other=1"} {
		if got := o.Refused(harness.Headers(cookie)); got.StatusCode != 403 {
			o.T.Errorf("%s: refused with %s", cookie, got.Status)
		}
		anna.Want(presence("anna")) // the close handlers run for a row that was never open, too
	}
}

func officeHasOneDeskEach(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.Send("lock|budget")
	anna.Want("mine|budget")
	bert.Want("locked|budget|anna")
	again := o.knock("anna")
	harness.WantAll([]*harness.Client{anna, bert, again}, "leaving|anna|OPEN", "unlocked|budget")
	harness.WantAll([]*harness.Client{bert, again}, presence("bert")) // the second anna has no name yet
	again.Want(fmt.Sprintf(welcome, "anna"))
	harness.WantAll([]*harness.Client{bert, again}, presence("bert", "anna"))
	if code, reason := anna.Closed(); code != 4001 || reason != "came in by another door" {
		o.T.Errorf("closed with %d %q", code, reason)
	}
}

func officeTalks(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	anna.Send("say|Grüße, 世界")
	harness.WantAll(people, "chat|anna|Grüße, 世界")
	anna.Send("tell|bert|only   for\tyou")
	bert.Want("private|anna|only for you")
	anna.Want("told|bert")
	anna.Send("tell|zoe|x")
	anna.Want("error|nobody is called zoe")
	carl.Send("dance")
	carl.Want("error|what is dance?")
}

func officeLocks(o office) {
	people := o.enter("anna", "bert", "carl")
	names := []string{"anna", "bert", "carl"}
	for round := range 30 {
		for _, c := range people {
			c.Send("lock|budget")
		}
		var holders []int
		for i, c := range people {
			if c.Receive() == "mine|budget" {
				holders = append(holders, i)
			}
		}
		if len(holders) != 1 {
			o.T.Fatalf("round %d: the lock is held by %v", round, holders)
		}
		holder := holders[0]
		for i, c := range people {
			if i != holder {
				c.Want("taken|budget|" + names[holder])
			}
		}
		people[holder].Send("unlock|budget")
		harness.WantAll(people, "unlocked|budget")
	}
}

func officeHandsLocksOver(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	anna.Ask("lock|budget")
	anna.Ask("lock|minutes")
	harness.WantAll([]*harness.Client{bert, carl}, "locked|budget|anna", "locked|minutes|anna")
	bert.Send("wait|budget")
	bert.Want("waiting|budget")
	carl.Send("wait|budget")
	carl.Want("waiting|budget")

	anna.SendClose(1000)
	harness.WantAll(people, "leaving|anna|OPEN")
	bert.Want("yours|budget")
	harness.WantAll([]*harness.Client{anna, carl}, "locked|budget|bert")
	harness.WantAll(people, "unlocked|minutes")
	harness.WantAll([]*harness.Client{bert, carl}, presence("bert budget", "carl"))
	if code, _ := anna.Closed(); code != 1000 {
		o.T.Errorf("closed with %d", code)
	}

	bert.HangUp()
	harness.WantAll([]*harness.Client{carl}, "leaving|bert|REMOTE TERMINATED", "yours|budget", presence("carl budget"))
}

func officeKeepsDrafts(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.Ask("lock|budget")
	bert.Want("locked|budget|anna")
	for _, command := range []string{"write|budget|7|old", "write|budget|3|three", "write|budget|7|ünï"} {
		anna.Send(command)
	}
	harness.WantAll([]*harness.Client{anna}, "draft|budget|1", "draft|budget|2", "draft|budget|2")
	bert.Send("read|budget")
	harness.WantAll([]*harness.Client{bert}, "line|7|ünï", "line|3|three")
	bert.Send("write|budget|1|mine")
	bert.Want("error|budget is not yours")
	bert.Send("read|minutes")
	bert.Want("error|nobody writes minutes")
	anna.Send("dump")
	anna.Want("array(1) {\n  [\"budget\"]=>\n  array(2) {\n    [7]=>\n    string(5) \"ünï\"\n    [3]=>\n    string(5) \"three\"\n  }\n}\n")
	anna.Send("visit")
	anna.Want("visit|OfficeVisit|double|budget,budget,budget")
}

func officeRenames(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	bert.Send("rename|anna|nobody")
	bert.Want("error|you are no admin")
	anna.Send("rename|bert|Robert")
	harness.WantAll(people, presence("anna", "Robert", "carl"))
	bert.Send("say|is that me?")
	harness.WantAll(people, "chat|Robert|is that me?")
	anna.Send("rename all|Dr.")
	harness.WantAll(people, presence("Dr.anna", "Dr.Robert", "Dr.carl"))
	carl.Send("tell|Dr.Robert|hello")
	bert.Want("private|Dr.carl|hello")
	carl.Want("told|Dr.Robert")
}

func officeKicks(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	bert.Send("kick|anna|no")
	bert.Want("error|you are no admin")
	bert.Send("lock|budget")
	bert.Want("mine|budget")
	harness.WantAll([]*harness.Client{anna, carl}, "locked|budget|bert")

	anna.Send("kick|bert|too loud")
	harness.WantAll(people, "leaving|bert|OPEN", "unlocked|budget")
	harness.WantAll([]*harness.Client{anna, carl}, presence("anna", "carl"))
	anna.Want("kicked|bert|2|gone|not sent")
	if code, reason := bert.Closed(); code != 4003 || reason != "too loud" {
		o.T.Errorf("bert was closed with %d %q", code, reason)
	}

	carl.Send("leave")
	harness.WantAll([]*harness.Client{anna, carl}, "leaving|carl|OPEN")
	anna.Want(presence("anna"))
	if code, reason := carl.Closed(); code != 1000 || reason != "good bye" {
		o.T.Errorf("carl was closed with %d %q", code, reason)
	}
}

func officeKicksByPipe(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	o.WritePipe("kick bert")
	harness.WantAll(people, "leaving|bert|OPEN")
	harness.WantAll([]*harness.Client{anna}, presence("anna"), "the web has kicked bert")
	if code, reason := bert.Closed(); code != 4004 || reason != "kicked by the web" {
		o.T.Errorf("closed with %d %q", code, reason)
	}
	o.WritePipe("dance")
	o.Log.Wait("the pipe brought nothing that is known: dance", `"event":"fifo"`)
}

func officeClosesInTheEvening(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	o.WritePipe("evening")
	harness.WantAll(people, "leaving|bert|OPEN")
	harness.WantAll([]*harness.Client{anna, carl}, presence("anna", "carl"), "leaving|carl|OPEN")
	anna.Want(presence("anna"))
	for _, c := range []*harness.Client{bert, carl} {
		if code, reason := c.Closed(); code != 4005 || reason != "good night" {
			o.T.Errorf("closed with %d %q", code, reason)
		}
	}
}

func officePublishes(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.Ask("lock|budget")
	bert.Want("locked|budget|anna")
	anna.Ask("write|budget|1|old")
	o.WritePipe(`{"operation":"publish","doc":"budget","text":"äöü"}{"operation":"notify","to":["zoe","bert"],"text":"read it"}`)
	harness.WantAll(people, "published|budget|äöü")
	bert.Want("notice|read it")
	anna.Send("write|budget|2|new")
	anna.Want("draft|budget|1") // publishing has dropped the draft
}

func officeSendsFrames(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	bert.Send("reply|binary|xyz")
	if op, data := bert.Next(); op != websocket.BinaryMessage || string(data) != "\xff\xfexyz" {
		o.T.Errorf("got %d %q", op, data)
	}
	var pings []string
	bert.Conn.SetPingHandler(func(data string) error { pings = append(pings, data); return nil })
	bert.Send("reply|ping|are you there?")
	bert.Want("pinged")
	if !slices.Equal(pings, []string{"are you there?"}) {
		o.T.Errorf("got pings %q", pings)
	}
	bert.Send("reply|close|over")
	if code, reason := bert.Closed(); code != 4010 || reason != "over" {
		o.T.Errorf("closed with %d %q", code, reason)
	}
	if got := anna.Receive(); !strings.HasPrefix(got, "leaving|bert|") {
		o.T.Errorf("got %q", got)
	}
	anna.Want(presence("anna"))
}

func officeWritesToSockets(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.Send("socket|bert|grüße")
	bert.Want("by socket|grüße")
	keys := strings.Split(strings.TrimPrefix(anna.Receive(), "sockets|"), ",")
	if len(keys) != 3 || keys[0] != "0" {
		o.T.Errorf("the keys of $sockets are %q", keys)
	}
}

func officeHasHelpers(o office) {
	anna := o.enter("anna")[0]
	for command, want := range map[string]string{
		"time":          "1970-01-01T23:59:59Z|2019-05-04T03:02:01Z",
		"page|Hello":    "<h1>Hello</h1>one lock for a document",
		"title|minutes": "title|minutes|Minutes of the board",
		"title|none":    "title|none|",
	} {
		if got := anna.Ask(command); got != want {
			o.T.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	o.Log.Wait("] *** Shared & Sons = office is open", `"event":"started"`) // by the office's own show_message
	if got := o.Read("office.log"); !strings.Contains(got, "] *** Shared & Sons = office is open\n") {
		o.T.Errorf("the office's log is %q", got)
	}
}

func TestOfficeLocksExpire(t *testing.T) {
	officeInEachMode(t, "OFFICE_LOCK_SECONDS=0.3\n", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		anna.Send("lock|budget")
		harness.WantAll([]*harness.Client{anna}, "mine|budget", "expired|budget", "unlocked|budget")
		harness.WantAll([]*harness.Client{bert}, "locked|budget|anna", "unlocked|budget")
		bert.Send("lock|budget")
		bert.Want("mine|budget")
	})
}

func TestOfficeReadsBytes(t *testing.T) {
	officeInEachMode(t, "OFFICE_READ=1\n", func(t *testing.T, o office) {
		anna := o.enter("anna")[0]
		anna.Send("swallow")
		anna.Want("swallowed")
		anna.Send("frames")
		anna.Want("frames|1:echo|settled|1:swallow|1:frames")

		quit := o.Request("Cookie: office_user=bert; office_secret=banana", "User-Agent: tests", "X-Office-Key: open=sesame")
		o.Open("127.0.0.1", strings.Replace(quit, "GET /", "GET /office-shutdown", 1))
		for anna.Receive() != "leaving|anna|OPEN" { // the other client's row may end before or after hers
		}
		if code, reason := anna.Closed(); code != 1001 || reason != "server shutting down" {
			t.Errorf("closed with %d %q", code, reason)
		}
		if status := o.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	})
}

func TestOfficeKeepsAJournal(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		for i, text := range []string{"one", "two", "three"} {
			if got := people[i%2].Ask("journal|" + text); !strings.HasPrefix(got, "written|") {
				t.Errorf("got %q", got)
			}
		}
		o.Signal(syscall.SIGTERM)
		for _, c := range people {
			c.Leave()
		}
		if status := o.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		want := "started with 1 socket and 0 clients\nanna: one\nbert: two\nanna: three\nshut down with 0 clients\nthe last light is off\n"
		if got := o.Read("journal.txt"); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}
