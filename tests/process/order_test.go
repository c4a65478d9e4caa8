package process

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// talk says everything twice, and reaches its own row only: these events may run beside each other. Work is done between
// the two.
const talk = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["name"]=substr($cookies,strlen("login=")); return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="settle") { send_text($client_key,"settled"); return; }
	broadcast_to_all($connection["name"]." says ".$msg);
	%s
	broadcast_to_all($connection["name"]." said ".$msg);
}
`

// works is what the handler does meanwhile: one that takes long runs beside others where that is allowed.
func works() map[string]string { return map[string]string{"quick": "", "slow": "usleep(3000);"} }

// orders lists the isolation modes. In each, all clients see one order of broadcasts, as the clients of one process do.
func orders() []string { return []string{"serial", "auto", "connection"} }

func TestAllClientsSeeOneOrderOfBroadcasts(t *testing.T) {
	for _, mode := range orders() {
		for name, work := range works() {
			t.Run(mode+" "+name, func(t *testing.T) {
				s := harness.Serve(t, harness.App{Handlers: fmt.Sprintf(talk, work), TOML: harness.Isolation(mode)})
				if mode != "serial" {
					first := s.Connect()
					s.AwaitCode(first, "[]") // until then, events run alone
					first.Leave()
				}
				checkOrder(t, converse(t, s))
			})
		}
	}
}

func TestClientsOfOneProcessSeeOneOrderOfBroadcasts(t *testing.T) {
	for name, work := range works() {
		t.Run(name, func(t *testing.T) {
			checkOrder(t, converse(t, harness.ServeInOneProcess(t, harness.App{Handlers: fmt.Sprintf(talk, work)}, 0)))
		})
	}
}

// converse lets 15 clients talk at the same time, and returns what each of them has read.
func converse(t *testing.T, s *harness.Server) (histories [][]string) {
	t.Helper()
	const people, words = 15, 20
	var clients []*harness.Client
	for i := range people {
		clients = append(clients, s.ConnectAs(fmt.Sprint("login=client", i)))
	}
	histories = make([][]string, people)
	harness.Together(clients, func(i int, c *harness.Client) {
		for n := range words {
			c.Send(fmt.Sprint(n))
		}
		for range 2 * people * words {
			histories[i] = append(histories[i], c.Receive())
		}
	})
	return histories
}

// checkOrder fails for the clients whose history is not that of the first, and if the two broadcasts of an event are apart.
func checkOrder(t *testing.T, histories [][]string) {
	t.Helper()
	others := 0
	for _, history := range histories {
		if !slices.Equal(history, histories[0]) {
			others++
		}
	}
	if others > 0 {
		t.Errorf("%d of %d clients saw another order than the first", others, len(histories))
	}
	torn := 0
	for i, text := range histories[0] {
		says := strings.Contains(text, " says ")
		if says && (i+1 == len(histories[0]) || histories[0][i+1] != strings.Replace(text, " says ", " said ", 1)) {
			torn++
		}
	}
	if torn > 0 {
		t.Errorf("the two broadcasts of %d of %d events are apart", torn, len(histories[0])/2)
	}
}
