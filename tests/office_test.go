package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
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
		if n := o.log.count("", `"level":"WARN"`) + o.log.count("", `"level":"ERROR"`); n != 0 {
			t.Errorf("%d complaints in the log", n)
		}
	})
}

func officeWelcomes(o office) {
	anna := o.knock("anna")
	anna.want(fmt.Sprintf(welcome, "anna"))
	anna.want(presence("anna"))
	bert := o.knock("bert")
	bert.want(fmt.Sprintf(welcome, "bert"))
	all([]*client{anna, bert}, presence("anna", "bert"))
	bert.sendClose(1000)
	all([]*client{anna, bert}, "leaving|bert|OPEN")
	anna.want(presence("anna"))
	if code, _ := bert.closed(); code != 1000 {
		o.t.Errorf("closed with %d", code)
	}
}

func officeRefusesStrangers(o office) {
	anna := o.enter("anna")[0]
	for _, cookie := range []string{"office_user=bert; office_secret=wrong", "office_user=zoe; office_secret=x", "other=1"} {
		if got := o.refused(headers(cookie)); got.StatusCode != 403 {
			o.t.Errorf("%s: refused with %s", cookie, got.Status)
		}
		anna.want(presence("anna")) // a row that was never open has its close handlers, too
	}
}

func officeHasOneDeskEach(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.send("lock|budget")
	anna.want("mine|budget")
	bert.want("locked|budget|anna")
	again := o.knock("anna")
	all([]*client{anna, bert, again}, "leaving|anna|OPEN", "unlocked|budget")
	all([]*client{bert, again}, presence("bert")) // the second anna has no name yet
	again.want(fmt.Sprintf(welcome, "anna"))
	all([]*client{bert, again}, presence("bert", "anna"))
	if code, reason := anna.closed(); code != 4001 || reason != "came in by another door" {
		o.t.Errorf("closed with %d %q", code, reason)
	}
}

func officeTalks(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	anna.send("say|Grüße, 世界")
	all(people, "chat|anna|Grüße, 世界")
	anna.send("tell|bert|only   for\tyou")
	bert.want("private|anna|only for you")
	anna.want("told|bert")
	anna.send("tell|zoe|x")
	anna.want("error|nobody is called zoe")
	carl.send("dance")
	carl.want("error|what is dance?")
}

func officeLocks(o office) {
	people := o.enter("anna", "bert", "carl")
	names := []string{"anna", "bert", "carl"}
	for round := range 30 {
		for _, c := range people {
			c.send("lock|budget")
		}
		var holders []int
		for i, c := range people {
			if c.receive() == "mine|budget" {
				holders = append(holders, i)
			}
		}
		if len(holders) != 1 {
			o.t.Fatalf("round %d: the lock is held by %v", round, holders)
		}
		holder := holders[0]
		for i, c := range people {
			if i != holder {
				c.want("taken|budget|" + names[holder])
			}
		}
		people[holder].send("unlock|budget")
		all(people, "unlocked|budget")
	}
}

func officeHandsLocksOver(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	anna.ask("lock|budget")
	anna.ask("lock|minutes")
	all([]*client{bert, carl}, "locked|budget|anna", "locked|minutes|anna")
	bert.send("wait|budget")
	bert.want("waiting|budget")
	carl.send("wait|budget")
	carl.want("waiting|budget")

	anna.sendClose(1000)
	all(people, "leaving|anna|OPEN")
	bert.want("yours|budget")
	all([]*client{anna, carl}, "locked|budget|bert")
	all(people, "unlocked|minutes")
	all([]*client{bert, carl}, presence("bert budget", "carl"))
	if code, _ := anna.closed(); code != 1000 {
		o.t.Errorf("closed with %d", code)
	}

	bert.hangUp()
	all([]*client{carl}, "leaving|bert|REMOTE TERMINATED", "yours|budget", presence("carl budget"))
}

func officeKeepsDrafts(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.ask("lock|budget")
	bert.want("locked|budget|anna")
	for _, command := range []string{"write|budget|7|old", "write|budget|3|three", "write|budget|7|ünï"} {
		anna.send(command)
	}
	all([]*client{anna}, "draft|budget|1", "draft|budget|2", "draft|budget|2")
	bert.send("read|budget")
	all([]*client{bert}, "line|7|ünï", "line|3|three")
	bert.send("write|budget|1|mine")
	bert.want("error|budget is not yours")
	bert.send("read|minutes")
	bert.want("error|nobody writes minutes")
	anna.send("dump")
	anna.want("array(1) {\n  [\"budget\"]=>\n  array(2) {\n    [7]=>\n    string(5) \"ünï\"\n    [3]=>\n    string(5) \"three\"\n  }\n}\n")
	anna.send("visit")
	anna.want("visit|OfficeVisit|double|budget,budget,budget")
}

func officeRenames(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	bert.send("rename|anna|nobody")
	bert.want("error|you are no admin")
	anna.send("rename|bert|Robert")
	all(people, presence("anna", "Robert", "carl"))
	bert.send("say|is that me?")
	all(people, "chat|Robert|is that me?")
	anna.send("rename all|Dr.")
	all(people, presence("Dr.anna", "Dr.Robert", "Dr.carl"))
	carl.send("tell|Dr.Robert|hello")
	bert.want("private|Dr.carl|hello")
	carl.want("told|Dr.Robert")
}

func officeKicks(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	bert.send("kick|anna|no")
	bert.want("error|you are no admin")
	bert.send("lock|budget")
	bert.want("mine|budget")
	all([]*client{anna, carl}, "locked|budget|bert")

	anna.send("kick|bert|too loud")
	all(people, "leaving|bert|OPEN", "unlocked|budget")
	all([]*client{anna, carl}, presence("anna", "carl"))
	anna.want("kicked|bert|2|gone|not sent")
	if code, reason := bert.closed(); code != 4003 || reason != "too loud" {
		o.t.Errorf("bert was closed with %d %q", code, reason)
	}

	carl.send("leave")
	all([]*client{anna, carl}, "leaving|carl|OPEN")
	anna.want(presence("anna"))
	if code, reason := carl.closed(); code != 1000 || reason != "good bye" {
		o.t.Errorf("carl was closed with %d %q", code, reason)
	}
}

func officeKicksByPipe(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	o.pipe("kick bert")
	all(people, "leaving|bert|OPEN")
	all([]*client{anna}, presence("anna"), "the web has kicked bert")
	if code, reason := bert.closed(); code != 4004 || reason != "kicked by the web" {
		o.t.Errorf("closed with %d %q", code, reason)
	}
	o.pipe("dance")
	o.log.wait("the pipe brought nothing that is known: dance", `"event":"fifo"`)
}

func officeClosesInTheEvening(o office) {
	people := o.enter("anna", "bert", "carl")
	anna, bert, carl := people[0], people[1], people[2]
	o.pipe("evening")
	all(people, "leaving|bert|OPEN")
	all([]*client{anna, carl}, presence("anna", "carl"), "leaving|carl|OPEN")
	anna.want(presence("anna"))
	for _, c := range []*client{bert, carl} {
		if code, reason := c.closed(); code != 4005 || reason != "good night" {
			o.t.Errorf("closed with %d %q", code, reason)
		}
	}
}

func officePublishes(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.ask("lock|budget")
	bert.want("locked|budget|anna")
	anna.ask("write|budget|1|old")
	o.pipe(`{"operation":"publish","doc":"budget","text":"äöü"}{"operation":"notify","to":["zoe","bert"],"text":"read it"}`)
	all(people, "published|budget|äöü")
	bert.want("notice|read it")
	anna.send("write|budget|2|new")
	anna.want("draft|budget|1") // publishing has dropped the draft
}

func officeSendsFrames(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	bert.send("reply|binary|xyz")
	if op, data := bert.next(); op != websocket.BinaryMessage || string(data) != "\xff\xfexyz" {
		o.t.Errorf("got %d %q", op, data)
	}
	var pings []string
	bert.conn.SetPingHandler(func(data string) error { pings = append(pings, data); return nil })
	bert.send("reply|ping|are you there?")
	bert.want("pinged")
	if !slices.Equal(pings, []string{"are you there?"}) {
		o.t.Errorf("got pings %q", pings)
	}
	bert.send("reply|close|over")
	if code, reason := bert.closed(); code != 4010 || reason != "over" {
		o.t.Errorf("closed with %d %q", code, reason)
	}
	if got := anna.receive(); !strings.HasPrefix(got, "leaving|bert|") {
		o.t.Errorf("got %q", got)
	}
	anna.want(presence("anna"))
}

func officeWritesToSockets(o office) {
	people := o.enter("anna", "bert")
	anna, bert := people[0], people[1]
	anna.send("socket|bert|grüße")
	bert.want("by socket|grüße")
	keys := strings.Split(strings.TrimPrefix(anna.receive(), "sockets|"), ",")
	if len(keys) != 3 || keys[0] != "0" {
		o.t.Errorf("the keys of $sockets are %q", keys)
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
		if got := anna.ask(command); got != want {
			o.t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	o.log.wait("] *** Shared & Sons = office is open", `"event":"started"`) // printed by its own show_message
	if got := o.read("office.log"); !strings.Contains(got, "] *** Shared & Sons = office is open\n") {
		o.t.Errorf("the office's log is %q", got)
	}
}

func TestOfficeLocksExpire(t *testing.T) {
	officeInEachMode(t, "OFFICE_LOCK_SECONDS=0.3\n", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		anna.send("lock|budget")
		all([]*client{anna}, "mine|budget", "expired|budget", "unlocked|budget")
		all([]*client{bert}, "locked|budget|anna", "unlocked|budget")
		bert.send("lock|budget")
		bert.want("mine|budget")
	})
}

func TestOfficeReadsBytes(t *testing.T) {
	officeInEachMode(t, "OFFICE_READ=1\n", func(t *testing.T, o office) {
		anna := o.enter("anna")[0]
		anna.send("swallow")
		anna.want("swallowed")
		anna.send("frames")
		anna.want("frames|1:echo|settled|1:swallow|1:frames")

		h := headers("office_user=bert; office_secret=banana")
		h.Set("X-Office-Key", "open=sesame")
		_, _, _ = o.dial("/office-shutdown", h)
		for anna.receive() != "leaving|anna|OPEN" { // the quitter's row may end before or after hers
		}
		if code, reason := anna.closed(); code != 1001 || reason != "server shutting down" {
			t.Errorf("closed with %d %q", code, reason)
		}
		if status := o.wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	})
}

func TestOfficeKeepsAJournal(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		for i, text := range []string{"one", "two", "three"} {
			if got := people[i%2].ask("journal|" + text); !strings.HasPrefix(got, "written|") {
				t.Errorf("got %q", got)
			}
		}
		if status := o.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		want := "started with 1 socket and 0 clients\nanna: one\nbert: two\nanna: three\nshut down with 0 clients\nthe last light is off\n"
		if got := o.read("journal.txt"); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}
