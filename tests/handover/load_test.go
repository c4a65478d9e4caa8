package handover

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
	"github.com/wsbridge/wsbridge/tests/harness"
)

var (
	clients  = flag.Int("clients", 30, "how many clients talk while the server is upgraded")
	upgrades = flag.Int("upgrades", 3, "how often it is, one right after the other")
)

// counting echoes what clients say, and sends what comes through the pipe to all.
const counting = harness.Echo + `
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	foreach ($connections as $key=>$connection) { send_text($key,"all ".$fifo_data); }
}
`

// listener is a client that says numbers, one after the other, and hears them again, and those of the pipe, in the order of each.
type listener struct {
	*harness.Client
	said, echoed, heard atomic.Int64
	mistake             atomic.Pointer[string]
}

func (l *listener) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.mistake.CompareAndSwap(nil, &text)
}

// hear reads until the connection ends.
func (l *listener) hear() {
	for {
		_, data, err := l.Conn.ReadMessage()
		if err != nil {
			l.wrong("closed: %v", err)
			return
		}
		counter, number := &l.echoed, string(data)
		if rest, fromPipe := strings.CutPrefix(number, "all "); fromPipe {
			counter, number = &l.heard, rest
		}
		if n, err := strconv.ParseInt(number, 10, 64); err != nil || n != counter.Add(1) {
			l.wrong("got %q after %d", data, counter.Load()-1)
		}
	}
}

// underWay is how many messages may be under way in all: with more of them, the last would wait longer than a message may.
const underWay = 240

// atATime is how many messages of a client may be under way.
func atATime() int64 { return int64(max(1, underWay / *clients)) }

// say says the next number as long as not too many of them have not come back.
func (l *listener) say(stop <-chan struct{}) {
	most := atATime()
	for l.mistake.Load() == nil {
		select {
		case <-stop:
			return
		default:
		}
		if l.said.Load()-l.echoed.Load() >= most {
			time.Sleep(time.Millisecond)
			continue
		}
		n := l.said.Add(1)
		if err := l.Conn.WriteMessage(websocket.TextMessage, strconv.AppendInt(nil, n, 10)); err != nil {
			l.wrong("send: %v", err)
		}
	}
}

// Under load, upgrades lose nothing, repeat nothing and close nothing: each client hears all that it says, in order, and all that comes through
// the pipe, in order.
func TestNothingIsLostUnderLoad(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counting})
	stop := make(chan struct{})
	var talking, hearing sync.WaitGroup
	all := make([]*listener, *clients)
	for i := range all {
		all[i] = &listener{Client: s.Connect()}
		hearing.Go(all[i].hear)
		talking.Go(func() { all[i].say(stop) })
	}
	var documents int64
	talking.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(*clients) * 200 * time.Microsecond): // each goes to all of them
			}
			documents++
			s.WritePipe(strconv.FormatInt(documents, 10) + "\n")
		}
	})
	var longest time.Duration
	for range *upgrades {
		done := upgrade(s)
		longest = max(longest, done.Held.Std())
		if done.Moved != *clients || done.Reconnecting != 0 {
			t.Errorf("got %+v", done)
		}
		said := all[0].echoed.Load()
		harness.Eventually(t, "echo", func() bool { return all[0].echoed.Load() > said+atATime() || all[0].mistake.Load() != nil })
	}
	close(stop)
	talking.Wait()
	for i, l := range all {
		harness.Eventually(t, "the last echo", func() bool {
			return l.mistake.Load() != nil || l.echoed.Load() == l.said.Load() && l.heard.Load() == documents
		})
		if wrong := l.mistake.Load(); wrong != nil {
			t.Errorf("client %d: %s", i, *wrong)
		}
	}
	t.Logf("%d clients, %d upgrades, %d documents, %d echoes of the first client, held for %v at most", *clients, *upgrades, documents,
		all[0].echoed.Load(), longest)
	for _, l := range all {
		l.Conn.Close()
	}
	hearing.Wait()
}

// A message whose fragments and a document whose pieces come to different processes are whole.
func TestHalfMessagesMove(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counting, TOML: "[server]\nping_interval = \"1h\"\npong_timeout = \"2h\"\n"})
	p := s.Peer("Cookie: login=anna", "User-Agent: tests")
	other := s.Connect()
	p.Send(harness.Text("frag").Part())
	p.Write(harness.Rest("mented").Part().AppendMasked(nil, [4]byte{1, 2, 3, 4}, 0)[:5])
	upgrade(s)
	p.Write(harness.Rest("mented").Part().AppendMasked(nil, [4]byte{1, 2, 3, 4}, 0)[5:])
	upgrade(s)
	p.Send(harness.Ping("still there?"))
	p.Want(harness.Pong("still there?"))
	p.Send(harness.Rest(" text"))
	p.Want(harness.Text("fragmented text"))
	s.WritePipe(`{"n":1}` + "\n")
	other.Want(`all {"n":1}`)
	p.Want(harness.Text(`all {"n":1}`))
	p.Bye()
}

// More clients than a message has room for move.
func TestManyClientsMove(t *testing.T) {
	t.Parallel()
	const clients = handover.MaxFiles + 1
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[server]\nmax_connections_per_address = 0\nhandshake_rate_per_address = 0\n"})
	all := s.ConnectMany(clients)
	if done := upgrade(s); done.Moved != clients {
		t.Errorf("got %+v", done)
	}
	for _, c := range all {
		c.Send("x")
	}
	harness.WantAll(all, "x")
}
