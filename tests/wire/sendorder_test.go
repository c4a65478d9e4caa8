package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// chat sends two messages to all for each message and each document, and then an answer. "flood" sends many more, and
// "slow" takes until the file "go" is there.
const chat = `
function pair($msg)
{
	broadcast_to_all("one ".$msg);
	if ($msg!="slow") { usleep(500*(crc32($msg)%4)); }
	for ($i=0;$msg=="flood" && $i<700;$i++) { broadcast_to_all("flood ".$i); }
	while ($msg=="slow" && !file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
	broadcast_to_all("two ".$msg);
}
function answer($client_key,$msg)
{
	if (strpos($msg,"say")===0) { send_text($client_key,"heard ".$msg); pair(substr($msg,4)); }
	send_text($client_key,"done ".$msg);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { answer($client_key,$msg); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { answer($client_key,$data); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { pair($fifo_data); }
`

// serveChat returns n clients of the chat, which has read its code.
func serveChat(t *testing.T, isolation string, n int) (*harness.Server, []*harness.Client) {
	t.Helper()
	s := harness.Serve(t, harness.App{Handlers: chat, TOML: isolation})
	clients := s.ConnectMany(n)
	if isolation != harness.Isolation("serial") {
		harness.Eventually(t, "the code is certain", func() bool {
			return clients[0].Ask("settle") == "done settle" && s.Log.Count("application described", `"certain":true`) > 0
		})
	}
	return s, clients
}

// history returns the next n messages to all that a client gets, and fails the test if its answers come too early or too late.
func history(t *testing.T, c *harness.Client, n int) (all []string) {
	t.Helper()
	for len(all) < n {
		text := c.Receive()
		said, isAnswer := strings.CutPrefix(text, "done say ")
		switch {
		case strings.HasPrefix(text, "heard "):
		case isAnswer && !slices.Contains(all, "two "+said):
			t.Errorf("%q came before what it follows", text)
		case !isAnswer:
			all = append(all, text)
		}
	}
	return all
}

// All clients see the same messages to all in the same order, and the two of an event together, whatever else is sent to all.
func TestMessagesToAllHaveOneOrder(t *testing.T) {
	for name, isolation := range map[string]string{
		"auto": harness.Isolation("auto"), "serial": harness.Isolation("serial"), "connection": harness.Isolation("connection"),
		"texts connection": harness.Isolation("auto") + "[isolation.handlers]\ntext = \"connection\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const clients, each, documents, ofOperator = 15, 20, 20, 40
			s, all := serveChat(t, isolation, clients)
			var others sync.WaitGroup
			others.Go(func() { operate(t, s, documents, ofOperator) })
			histories := make([][]string, clients)
			harness.Together(all, func(i int, c *harness.Client) {
				say(c, i, each)
				histories[i] = history(t, c, 2*(clients*each+documents)+ofOperator)
			})
			others.Wait()
			for i, got := range histories {
				if !slices.Equal(got, histories[0]) {
					t.Errorf("client %d got another order than the first", i)
				}
			}
			wantPairs(t, histories[0])
		})
	}
}

// say sends n messages of client i, some of them binary.
func say(c *harness.Client, i, n int) {
	for n := range n {
		if text := fmt.Sprintf("say %d %d", i, n); (i+n)%3 == 0 {
			c.SendBinary(text)
		} else {
			c.Send(text)
		}
	}
}

// operate brings documents to ws_server_fifo and, at the same time, sends messages to all.
func operate(t *testing.T, s *harness.Server, documents, messages int) {
	control := s.Control()
	var sending sync.WaitGroup
	sending.Go(func() {
		for n := range documents {
			if _, err := control.Fifo(t.Context(), fmt.Append(nil, "document ", n), 0); err != nil {
				t.Error(err)
			}
		}
	})
	for n := range messages {
		if _, err := control.Broadcast(t.Context(), url.Values{}, false, fmt.Append(nil, "operator ", n)); err != nil {
			t.Error(err)
		}
	}
	sending.Wait()
}

// wantPairs fails the test if the two messages of an event are torn apart by others.
func wantPairs(t *testing.T, history []string) {
	t.Helper()
	said := slices.DeleteFunc(slices.Clone(history), func(text string) bool { return strings.HasPrefix(text, "operator ") })
	torn := 0
	for i, text := range said {
		if name, first := strings.CutPrefix(text, "one "); first && (i+1 == len(said) || said[i+1] != "two "+name) {
			torn++
		}
	}
	if torn > 0 {
		t.Errorf("%d events are torn apart in %q", torn, said)
	}
}

// An event that sends to all and then takes long delays what others send to all, and nothing else: neither their own answers nor other
// events, though more wait than there are workers.
func TestSlowSenderDelaysOnlyMessagesToAll(t *testing.T) {
	t.Parallel()
	s, all := serveChat(t, harness.Isolation("connection"), 10)
	slow, others, quiet := all[0], all[1:9], all[9]
	slow.Send("say slow")
	slow.Want("heard say slow")
	harness.WantAll(all, "one slow")
	for i, c := range others {
		c.Send(fmt.Sprint("say ", i))
	}
	for i, c := range others {
		c.Want(fmt.Sprint("heard say ", i))
	}
	if got := quiet.Ask("hello"); got != "done hello" {
		t.Errorf("got %q", got)
	}
	s.Write("go", "")
	first := history(t, quiet, 1+2*len(others))
	if first[0] != "two slow" {
		t.Errorf("got %q first", first[0])
	}
	wantPairs(t, first[1:])
	for _, c := range all[:9] {
		if got := history(t, c, len(first)); !slices.Equal(got, first) {
			t.Errorf("got %q, another client %q", got, first)
		}
	}
}

// An event that sends more than can be kept for it while another goes first is held up, and loses nothing.
func TestEventThatSendsMuchWaitsForTheSender(t *testing.T) {
	t.Parallel()
	s, all := serveChat(t, harness.Isolation("connection"), 3)
	all[0].Send("say slow")
	all[0].Want("heard say slow")
	harness.WantAll(all, "one slow")
	all[1].Send("say flood")
	all[1].Want("heard say flood")
	s.Log.Wait("php waits", `"client":2`)
	if got := all[2].Ask("hello"); got != "done hello" {
		t.Errorf("got %q", got)
	}
	s.Write("go", "")
	want := []string{"two slow", "one flood"}
	for n := range 700 {
		want = append(want, fmt.Sprint("flood ", n))
	}
	want = append(want, "two flood")
	harness.Together(all, func(i int, c *harness.Client) {
		if got := history(t, c, len(want)); !slices.Equal(got, want) {
			t.Errorf("client %d got %q", i, got)
		}
	})
}
