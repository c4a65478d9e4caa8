package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// player plays the steps of a script with clients that have names, and notes what each of them receives.
type player struct {
	*harness.Server
	clients map[string]*harness.Client // that are connected
	notes   map[string][]string        // by client: what it has received in this step
	fences  int
}

// prepare writes the application into a folder, and starts nothing.
func prepare(t *testing.T, a harness.App) *player {
	t.Helper()
	a.Settings = "WEBSOCKET_SELECT_TIMEOUT=50000\n"
	s := harness.Prepare(t, a)
	for _, dir := range []string{"lib", "sessions"} {
		if err := os.Mkdir(s.Path(dir), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(s.Path(dir), 0o777); err != nil { // whatever the umask says
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/lib/*")
	if err != nil || len(files) < 8 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range append(files, "testdata/push_server_events.php") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(strings.TrimPrefix(file, "testdata/"), string(content))
	}
	return &player{Server: s, clients: map[string]*harness.Client{}}
}

// play plays a script and returns an entry for each step: what it was, and what each client then received, in order.
func (p *player) play(script []step) (entries []string) {
	p.T.Helper()
	for i, s := range script {
		p.notes = map[string][]string{}
		s.do(p)
		entry := fmt.Sprintf("%d. %s", i+1, s.name)
		for _, name := range sorted(p.notes) {
			for _, note := range p.notes[name] {
				entry += fmt.Sprintf("\n   %s: %s", name, note)
			}
		}
		entries = append(entries, entry)
	}
	return entries
}

func sorted[T any](byName map[string]T) (names []string) {
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *player) note(name, text string) { p.notes[name] = append(p.notes[name], text) }

// await reads what a client receives, and notes it, until a message starts with prefix or the connection has ended. A fence
// is not noted.
func (p *player) await(name, prefix string) {
	p.T.Helper()
	for p.clients[name] != nil {
		text := p.next(name)
		if !strings.HasPrefix(text, "fence|") {
			p.note(name, text)
		}
		if strings.HasPrefix(text, prefix) {
			return
		}
	}
}

// next returns a client's next message, or how its connection has ended.
func (p *player) next(name string) string {
	p.T.Helper()
	conn := p.clients[name].Conn
	_ = conn.SetReadDeadline(time.Now().Add(harness.Patience))
	_, data, err := conn.ReadMessage()
	if err == nil {
		return string(data)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.T.Fatalf("%s waits in vain", name)
	}
	p.clients[name].HangUp()
	delete(p.clients, name)
	if frame, ok := errors.AsType[*websocket.CloseError](err); ok && frame.Code != websocket.CloseAbnormalClosure {
		return strings.TrimSpace(fmt.Sprintf("closed with %d %s", frame.Code, frame.Text))
	}
	return "the connection has ended"
}

// fence reads all that clients have been sent so far: it asks the server for an answer, and reads up to that.
func (p *player) fence(names ...string) {
	p.T.Helper()
	for _, name := range names {
		if c := p.clients[name]; c != nil {
			p.fences++
			text := fmt.Sprint("fence|", p.fences)
			_ = c.Conn.WriteMessage(websocket.TextMessage, []byte(text)) // a connection that has ended shows when it is read
			p.await(name, text)
		}
	}
}

// settle is fence for all clients, the one that has acted first: its answer shows that its event is over.
func (p *player) settle(actor string) {
	p.T.Helper()
	p.fence(actor)
	p.fence(sorted(p.clients)...)
}

// everyone waits until each client has received a message with that prefix.
func (p *player) everyone(prefix string) {
	p.T.Helper()
	for _, name := range sorted(p.clients) {
		p.await(name, prefix)
	}
}

// end stops the server and notes how it ended.
func (p *player) end() {
	p.T.Helper()
	p.Signal(syscall.SIGTERM)
	for _, name := range sorted(p.clients) {
		p.await(name, "closed")
	}
	p.Wait()
	for line := range strings.Lines(p.ReadIfThere("end.txt")) {
		p.note("at the end", strings.TrimSpace(line))
	}
}
