package resident

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// numbers answers a number with it, and with how many of its client's it has counted: in the row, and in a static variable. Any other
// text is PHP.
const numbers = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	static $all=array();
	if (!ctype_digit($msg)) { $answer=eval($msg); if ($answer!==Null) { send_text($client_key,(string)$answer); } return; }
	$connection["count"]=isset($connection["count"])?$connection["count"]+1:1;
	$all[$client_key]=isset($all[$client_key])?$all[$client_key]+1:1;
	send_text($client_key,$msg." ".$connection["count"]." ".version());
}
`

// ofVersion is numbers whose answers carry that word.
func ofVersion(version string) string {
	return numbers + "function version() { return \"" + version + "\"; }\n"
}

// window is how many texts of a client may be on their way.
const window = 8

// traffic is texts of several clients, until the test has seen enough.
type traffic struct {
	t       testing.TB
	talkers []*talker
	work    sync.WaitGroup
	answers atomic.Int64
	stop    chan struct{}
}

// talker is a client that sends numbers in order.
type talker struct {
	client   *harness.Client
	stop     <-chan struct{}
	all      *atomic.Int64
	sent     atomic.Int64
	answered atomic.Int64 // the latest number that was answered
	progress chan struct{}
	lost     int64    // texts that were not counted in the row
	versions []string // of the answers, without repeats
	err      error
}

// startTraffic connects clients and lets them talk.
func startTraffic(s *harness.Server, clients int) *traffic {
	s.T.Helper()
	t := &traffic{t: s.T, stop: make(chan struct{})}
	for _, c := range s.ConnectMany(clients) {
		k := &talker{client: c, stop: t.stop, all: &t.answers, progress: make(chan struct{}, 1)}
		t.talkers = append(t.talkers, k)
		t.work.Go(k.send)
		t.work.Go(k.receive)
	}
	t.flow(2 * window)
	return t
}

// flow waits until each client has on average got so many more answers.
func (t *traffic) flow(each int) {
	t.t.Helper()
	wanted := t.answers.Load() + int64(each*len(t.talkers))
	harness.Eventually(t.t, "clients are answered", func() bool { return t.answers.Load() >= wanted })
}

// end stops the clients, after what they have sent was answered. It fails the test if more texts were lost than that, or if some have
// run twice or in another order.
func (t *traffic) end(most int64) {
	t.t.Helper()
	close(t.stop)
	t.work.Wait()
	lost := int64(0)
	for _, k := range t.talkers {
		if k.err != nil {
			t.t.Errorf("%v", k.err)
		}
		lost += k.lost
	}
	if lost > most {
		t.t.Errorf("%d texts are lost, want at most %d", lost, most)
	}
}

func (k *talker) send() {
	for ended := false; !ended; {
		for k.sent.Load()-k.answered.Load() >= window {
			select {
			case <-k.progress:
			case <-time.After(harness.Patience):
				return // the other goroutine says so
			}
		}
		text := fmt.Sprint(k.sent.Add(1))
		select {
		case <-k.stop:
			ended = true
			text = lastText
		default:
		}
		if k.client.Conn.WriteMessage(websocket.TextMessage, []byte(text)) != nil {
			return
		}
	}
}

// lastText is after a client's numbers. Its answer is the number of those that were counted.
const lastText = `return "last ".$connection["count"];`

func (k *talker) receive() {
	defer k.wake()
	for {
		ended, err := k.answer()
		if ended {
			return
		}
		if err != nil {
			k.err = fmt.Errorf("after %d: %w", k.answered.Load(), err)
			k.answered.Store(1 << 60)
			return
		}
		k.all.Add(1)
		k.wake()
	}
}

func (k *talker) wake() {
	select {
	case k.progress <- struct{}{}:
	default:
	}
}

// answer reads one, and reports whether it was the last.
func (k *talker) answer() (ended bool, err error) {
	_ = k.client.Conn.SetReadDeadline(time.Now().Add(harness.Patience))
	_, data, err := k.client.Conn.ReadMessage()
	if err != nil {
		return false, err
	}
	var n, count int64
	if _, err := fmt.Sscanf(string(data), "last %d", &count); err == nil {
		k.lost = k.sent.Load() - 1 - count
		return true, nil
	}
	var version string
	if _, err := fmt.Sscanf(string(data), "%d %d %s", &n, &count, &version); err != nil {
		return false, fmt.Errorf("%q: %w", data, err)
	}
	if len(k.versions) == 0 || k.versions[len(k.versions)-1] != version {
		k.versions = append(k.versions, version)
	}
	if before := k.answered.Swap(n); n <= before {
		return false, fmt.Errorf("%d comes after %d", n, before)
	}
	// A text whose event failed is not counted, though it may be answered.
	if lost := n - count; lost < k.lost {
		return false, fmt.Errorf("%d is counted as %d: there were %d lost before", n, count, k.lost)
	} else {
		k.lost = lost
	}
	return false, nil
}

// wantVersions wants the answers of each client to carry these words one after the other.
func (t *traffic) wantVersions(versions ...string) {
	t.t.Helper()
	for _, k := range t.talkers {
		if got := strings.Join(k.versions, " "); got != strings.Join(versions, " ") {
			t.t.Errorf("versions %s, want %s", got, versions)
		}
	}
}
