package attacks

import (
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// hoard makes messages of that many megabytes, another one for each client, or one for all.
const hoard = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="mine") { for ($i=0; $i<10; $i++) { send_text($client_key,str_repeat(chr(65+$i),1000000)); } }
	elseif ($msg=="everybody's") { for ($i=0; $i<10; $i++) { broadcast_to_all(str_repeat(chr(65+$i),1000000)); } }
	else { send_text($client_key,$msg); }
}
`

// tight leaves little memory to all clients together, and each of them as much as by default.
const tight = "server.max_message = \"8MiB\"\nserver.send_queue_bytes = \"16MiB\"\nserver.read_total_bytes = \"16MiB\"\n" +
	"server.send_queue_total_bytes = \"16MiB\"\nserver.write_timeout = \"30s\"\nserver.ping_interval = \"5m\"\nserver.pong_timeout = \"10m\"\n" +
	"php.resident = \"off\"\n" // resident workers come and go with the load, and would count as left

// mostTotal is far less than the clients of these attacks would take without a bound for all.
const mostTotal = 200 << 20

func TestMessagesThatAreNotFinishedShareABudget(t *testing.T) {
	s := serve(t, harness.Echo, tight)
	const clients = 30
	for name, fragment := range map[string]int{"in one frame": 0, "in many frames": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			survivesGrowing(t, s, mostTotal, func(t *testing.T) {
				before := s.Log.Count("client left", `"ending":"memory"`)
				var sent sync.WaitGroup
				peers := make([]*peer, clients)
				b := unfinished(string(make([]byte, 7<<20)), fragment)
				for i := range peers {
					peers[i] = s.In(t).Peer()
					sent.Go(func() { _, _ = peers[i].Conn.Write(b) }) // the server may end it
				}
				sent.Wait()
				if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_read_bytes") > 16<<20 {
					t.Error("more is held than there may be")
				}
				harness.Eventually(t, "most clients are ended", func() bool {
					return s.Log.Count("client left", `"ending":"memory"`)-before >= clients-4
				})
				line := s.Log.Wait("client left", `"ending":"memory"`)
				if line["client"] == nil || line["peer"] == nil || line["code"] != 1013.0 {
					t.Errorf("log line %v", line)
				}
				for _, p := range peers {
					p.Conn.Close()
				}
			})
			if _, text := s.In(t).Get("/metrics"); harness.Metric(t, text, "wsbridge_read_bytes") != 0 {
				t.Error("a message that is gone counts")
			}
		})
	}
}

// unfinished returns a message without its end.
func unfinished(payload string, fragment int) []byte {
	if fragment == 0 {
		whole := bin(payload).Append(nil)
		return whole[:len(whole)-1]
	}
	parts := harness.Fragments(harness.OpBinary, payload, fragment)
	return harness.AppendAll(nil, parts[:len(parts)-1])
}

// Of several clients it is the one with most that has to go, and it learns why.
func TestWhoTakesMostHasToGo(t *testing.T) {
	s := serve(t, harness.Echo, tight)
	small, large, late := s.Peer(), s.Peer(), s.Peer()
	begin := func(p *peer, size int) {
		b := unfinished(strings.Repeat("x", size), 0)
		p.Write(b)
	}
	begin(small, 4<<20)
	begin(large, 7<<20)
	harness.Eventually(t, "both are read", func() bool {
		_, text := s.Get("/metrics")
		return harness.Metric(t, text, "wsbridge_read_bytes") >= 11<<20
	})
	begin(late, 6<<20)
	large.Closes(1013)
	for _, p := range []*peer{small, late} {
		p.Write([]byte{0}) // the last byte
		if got := p.Next(); got.Op != harness.OpBinary {
			t.Errorf("got %v", got)
		}
	}
	line := s.Log.Wait("client is over a limit", `"ending":"memory"`)
	if line["client"] == nil || line["peer"] == nil {
		t.Errorf("log line %v", line)
	}
}

func TestClientsThatDoNotReadShareABudget(t *testing.T) {
	s := serve(t, hoard, tight)
	shareABudget(t, s, 30, func(s *harness.Server) *peer {
		p := s.Peer()
		deafen(p)
		p.Send(text("mine"))
		return p
	})
}

// Clients that speak another protocol are sent bytes instead of messages.
func TestClientsThatDoNotReadBeforeTheirHandshakeShareABudget(t *testing.T) {
	s := serve(t, hoard+`
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	if ($data!="plain") { return ""; }
	for ($i=0; $i<10; $i++) { do_reply($client_key,str_repeat("x",1000000)); }
}
function ws_server_before_close(&$connections,&$connection) { }
`, tight+"server.handshake_timeout = \"10m\"\n")
	shareABudget(t, s, 16, func(s *harness.Server) *peer {
		p := s.Open("127.0.0.1", "")
		deafen(p)
		p.Write([]byte("plain"))
		return p
	})
}

// shareABudget has that many clients come that are sent much and do not read. Most of them are ended, and nothing is held of what they were sent.
func shareABudget(t *testing.T, s *server, clients int, come func(*harness.Server) *peer) {
	t.Helper()
	const metric = "wsbridge_send_queue_memory_bytes"
	survivesGrowing(t, s, mostTotal, func(t *testing.T) {
		var deaf []*peer
		for range clients {
			deaf = append(deaf, come(s.In(t)))
		}
		harness.Eventually(t, "most clients are ended", func() bool {
			return s.Log.Count("client left", `"ending":"memory"`) >= clients-6
		})
		harness.Eventually(t, "no more is held than there may be", func() bool { // a message counts before it is made room for
			_, text := s.Get("/metrics")
			return harness.Metric(t, text, metric) <= 16<<20
		})
		for _, p := range deaf {
			p.Conn.Close()
		}
	})
	if _, text := s.Get("/metrics"); harness.Metric(t, text, metric) != 0 {
		t.Error("what is gone counts")
	}
}

// A message that waits for many is in memory once.
func TestABroadcastCountsOnce(t *testing.T) {
	s := serve(t, hoard, tight)
	var deaf []*peer
	for range 20 {
		p := s.Peer()
		deafen(p)
		deaf = append(deaf, p)
	}
	loud := s.Peer()
	loud.Send(text("everybody's"), text("heard"))
	for f := loud.Next(); f != text("heard"); f = loud.Next() {
	}
	_, metrics := s.Get("/metrics")
	if held, queued := harness.Metric(t, metrics, "wsbridge_send_queue_memory_bytes"), harness.Metric(t, metrics, "wsbridge_send_queue_bytes"); held > 12<<20 || queued < 64<<20 {
		t.Errorf("%v bytes are queued, and %v held", queued, held)
	}
	if n := s.Log.Count("client left"); n != 0 {
		t.Errorf("%d clients have left", n)
	}
	for _, p := range deaf {
		p.Conn.Close()
	}
}
