package office

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Living globals: what a handler writes into a global variable is there in the next event, as in one long process.

func TestOfficeRemembersWhatWasSaid(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		for i, text := range []string{"one", "two", "three", "four"} {
			people[i%2].Send("say|" + text)
			harness.WantAll(people, "chat|"+[]string{"anna", "bert"}[i%2]+"|"+text)
		}
		bert.Send("history")
		bert.Want(`history|["bert: two","anna: three","bert: four"]`)
		anna.Send("stats")
		anna.Want("stats|4|0|3")
		if got := o.enter("carl")[0].Ask("history"); got != `history|["bert: two","anna: three","bert: four"]` {
			t.Errorf("a newcomer got %q", got)
		}
	})
}

func TestOfficeFillsItsCacheOnce(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		for _, c := range append(people, people...) {
			if got := c.Ask("title|budget"); got != "title|budget|The budget" {
				t.Errorf("got %q", got)
			}
		}
		if n := strings.Count(o.Read("journal.txt"), "titles are read\n"); n != 1 {
			t.Errorf("the titles were read %d times", n)
		}
		people[0].Send("stats")
		people[0].Want("stats|0|2|3")
	})
}

func TestOfficeKeepsOutWhomItHasThrownOut(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		anna.Send("throw out|bert|for ever")
		harness.WantAll([]*harness.Client{anna, bert}, "leaving|bert|OPEN")
		harness.WantAll([]*harness.Client{anna}, presence("anna"), "kicked|bert|1|gone|not sent")
		if code, _ := bert.Closed(); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		if got := o.Refused(harness.Headers("office_user=bert; office_secret=banana")); got.StatusCode != 403 {
			t.Errorf("got %s", got.Status)
		}
	})
}

func TestOfficeJournalCannotLiveAndIsReported(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		people[0].Ask("journal|one")
		people[1].Ask("journal|two") // it is opened anew
		o.Log.Wait("global", "journal")
	})
}
