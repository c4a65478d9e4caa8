package journal

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

var rounds = flag.Int("rounds", 4, "how often the server is killed under load")

// The load of a round.
const (
	visitors   = 6 // clients that connect, talk and stay or leave
	operators  = 3 // that bring documents to the control API
	longestRun = 700 * time.Millisecond
)

// Killed under load again and again, the server loses nothing that was acknowledged, runs nothing twice, and closes each client that was open
// once.
func TestKilledUnderLoad(t *testing.T) {
	a := app("rows = true\n")
	s := harness.Serve(t, a)
	l := &ledger{clients: map[string]bool{}, accepted: map[string]uint64{}, begun: map[uint64]bool{}, closing: map[int64]bool{}}
	for round := range *rounds {
		l.load(s, round)
		start(s, a)
		l.readReports(s)
	}
	harness.Eventually(t, "nothing waits", func() bool { j := journalOf(s); return j.Documents+j.Begun == 0 && j.Owed == 0 })
	l.check(t, s)
}

// ledger has what clients and operators know.
type ledger struct {
	mu       sync.Mutex        // guards the fields below
	clients  map[string]bool   // logins of clients that were open
	accepted map[string]uint64 // numbers in the journal, by the documents
	begun    map[uint64]bool   // documents that a start has reported
	closing  map[int64]bool    // clients whose close event a start has reported
}

// load kills the server after a random time, in which clients and operators keep it busy.
func (l *ledger) load(s *harness.Server, round int) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	for i := range visitors {
		work.Go(func() { l.visit(ctx, s, fmt.Sprintf("%d-%d", round, i)) })
	}
	for i := range operators {
		work.Go(func() { l.operate(ctx, s, fmt.Sprintf("control %d-%d", round, i)) })
	}
	work.Go(func() { writePipe(ctx, s, fmt.Sprintf("pipe %d", round)) })
	time.Sleep(longestRun/10 + rand.N(longestRun))
	s.Kill()
	cancel()
	work.Wait()
}

// visit connects client after client, each with a name of its own. Some leave, the others stay until the server is killed.
func (l *ledger) visit(ctx context.Context, s *harness.Server, name string) {
	for i := 0; ctx.Err() == nil; i++ {
		login := fmt.Sprintf("%s-%d", name, i)
		c, _, err := s.Dial("/", harness.Headers("login="+login))
		if err != nil {
			continue
		}
		var told int
		for said := range 1 + rand.N(20) {
			if _, err = c.TryAsk(strconv.Itoa(said), "%d", &told); err != nil {
				break
			}
			if said == 0 {
				l.opened(login)
			}
		}
		if rand.N(2) == 0 {
			c.HangUp()
		}
	}
}

// opened notes a client that has been answered.
func (l *ledger) opened(login string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients[login] = true
}

// operate brings documents to the control API, and notes those that were accepted.
func (l *ledger) operate(ctx context.Context, s *harness.Server, name string) {
	control, err := api.NewClient(s.ControlSocket(), "")
	if err != nil {
		s.T.Error(err)
		return
	}
	defer control.Close()
	for i := 0; ctx.Err() == nil; i++ {
		document := fmt.Sprintf("%s-%d", name, i)
		answer, err := api.Ask[api.Fifo](ctx, control, api.Call{Method: http.MethodPost, Path: "/v1/fifo", Query: url.Values{"wait": {"0"}},
			Body: []byte(document)})
		if err != nil {
			return // it was killed
		}
		l.mu.Lock()
		l.accepted[document] = answer.Document
		l.mu.Unlock()
	}
}

func writePipe(ctx context.Context, s *harness.Server, name string) {
	for i := 0; ctx.Err() == nil; i++ {
		f, err := os.OpenFile(s.Path(harness.Pipe), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue // it was killed
		}
		_, _ = fmt.Fprintf(f, "%s-%d\n", name, i)
		f.Close()
		time.Sleep(time.Millisecond)
	}
}

// readReports notes what a start says that it will not run again.
func (l *ledger) readReports(s *harness.Server) {
	for _, line := range s.Log.All("a document had begun when wsbridge ended, and is not run again") {
		l.begun[uint64(line["document"].(float64))] = true
	}
	for _, line := range s.Log.All("a close event had begun when wsbridge ended, and is not run again") {
		l.closing[int64(line["client"].(float64))] = true
	}
}

// check compares what has run with what clients and operators know.
func (l *ledger) check(t *testing.T, s *harness.Server) {
	documents, closed, keys := map[string]int{}, map[string]int{}, map[string]int64{}
	for line := range strings.Lines(s.Read("ran")) {
		line = strings.TrimSpace(line)
		if document, ok := strings.CutPrefix(line, "document "); ok {
			documents[document]++
		} else if rest, ok := strings.CutPrefix(line, "close "); ok {
			if login, _, _ := strings.Cut(rest, " "); login != "" { // else authenticate had not run to its end
				closed[login]++
			}
		} else if rest, ok := strings.CutPrefix(line, "open "); ok {
			var key int64
			var login string
			if _, err := fmt.Sscan(rest, &key, &login); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			keys[login] = key
		}
	}
	for document, id := range l.accepted {
		if documents[document] == 0 && !l.begun[id] {
			t.Errorf("%s was accepted as document %d, and neither ran nor was reported", document, id)
		}
	}
	for document, times := range documents {
		if times > 1 {
			t.Errorf("%s ran %d times", document, times)
		}
	}
	for login := range l.clients {
		if closed[login] == 0 && !l.closing[keys[login]] {
			t.Errorf("client %d, %s, was open and was not closed", keys[login], login)
		}
	}
	for login, times := range closed {
		if times > 1 {
			t.Errorf("%s was closed %d times", login, times)
		}
	}
	t.Logf("%d rounds: %d documents accepted, %d ran, %d reported; %d clients were open, %d close events ran, %d reported", *rounds,
		len(l.accepted), len(documents), len(l.begun), len(l.clients), len(closed), len(l.closing))
}
