package handover

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// counter answers each message with how many there were, which a global variable knows, and how many the client has sent, which its row knows. The file
// "left" names the clients that have left.
const counter = `
$total=0;
function ws_server_text(&$connections,&$connection,$client_key,$data)
{
	global $total;
	$total++;
	$connection["key"]=$client_key;
	$connection["count"]=(isset($connection["count"])?$connection["count"]:0)+1;
	send_text($client_key,$total." ".$connection["count"]);
}
function ws_server_before_close(&$connections,&$connection)
{
	file_put_contents(__DIR__."/left",$connection["key"]."\n",FILE_APPEND|LOCK_EX);
}
`

// What changes while the next process is told ahead is not lost: global variables, rows, clients that come, and clients that leave.
func TestNothingIsLostWhileTheNextProcessIsTold(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counter, TOML: "[server]\nmax_connections_per_address = 0\nhandshake_rate_per_address = 0\n"})
	asks := s.Connect()
	stop := make(chan struct{})
	var talking sync.WaitGroup
	total := 0
	talking.Go(func() { total = count(t, asks, stop) })
	came := 0
	talking.Go(func() { came = comeAndLeave(t, s, stop) })
	for range *upgrades {
		upgrade(s)
	}
	close(stop)
	talking.Wait()
	asks.Close(websocket.CloseNormalClosure)
	came++
	var left []string
	harness.Eventually(t, "close events", func() bool {
		text, _ := os.ReadFile(s.Path("left")) // it may not be there yet
		left = strings.Fields(string(text))
		return len(left) >= came
	})
	slices.Sort(left)
	if once := slices.Compact(slices.Clone(left)); len(left) != came || len(once) != came {
		t.Errorf("%d clients had %d close events, %d of them had one", came, len(left), len(once))
	}
	answer := s.Connect().Ask("x")
	if n, own := numbers(t, answer); own != 1 || n != total+came {
		t.Errorf("got %q, want %d", answer, total+came)
	}
}

// count asks until stop is closed, and returns how often. Each answer has to say one more of its own.
func count(t *testing.T, c *harness.Client, stop <-chan struct{}) (own int) {
	for last := 0; ; {
		select {
		case <-stop:
			return own
		default:
		}
		own++
		answer := c.Ask("x")
		n, of := numbers(t, answer)
		if of != own || n <= last {
			t.Errorf("got %q after %d, want %d of its own", answer, last, own)
		}
		last = n
	}
}

// comeAndLeave has a client after the other come, ask once, and leave, until stop is closed. It returns how many did. A client that comes in the
// moment of a hand-over is turned away, which its browser would try again.
func comeAndLeave(t *testing.T, s *harness.Server, stop <-chan struct{}) (came int) {
	for {
		select {
		case <-stop:
			return came
		default:
		}
		c, _, err := s.Dial("/", harness.Headers("login=anna"))
		if err != nil {
			continue
		}
		came++
		if _, own := numbers(t, c.Ask("x")); own != 1 {
			t.Errorf("a new client has sent %d", own)
		}
		c.HangUp()
	}
}

// numbers reads an answer of counter.
func numbers(t *testing.T, answer string) (total, own int) {
	if _, err := fmt.Sscanf(answer, "%d %d", &total, &own); err != nil {
		t.Errorf("got %q", answer)
	}
	return total, own
}
