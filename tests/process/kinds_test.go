package process

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// kind is a way in which the events of several clients reach the same thing. Its PHP does that in a form that the code shows
// badly, or not at all.
type kind struct {
	name, php string
	// A request per event cannot answer as one process does, and wsbridge check has a finding of this kind. Empty: it answers so.
	named string
}

// crowd is how many clients act at once, rounds how often each of them.
const crowd, rounds = 16, 4

// counting answers with the number that a kind hands out. It takes long, so that events would overlap if they could.
const counting = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg==="settle") { send_text($client_key,"settled"); return; }
	usleep(5000);
	send_text($client_key,(string)number($connection));
}
`

// locking answers who has got the lock of a round. A kind says how it is looked for; the row always has it.
const locking = `
function held($rows,$lock) { foreach ($rows as $row) { if (isset($row["lock"]) && $row["lock"]===$lock) { return True; } } return False; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg==="settle") { send_text($client_key,"settled"); return; }
	if (taken($msg,$connection)) { send_text($client_key,"lost"); return; }
	usleep(5000);
	take($msg,$connection);
	send_text($client_key,"won");
}
`

// takeRow is the usual way to take a lock, for kinds without one of their own.
const takeRow = `
function take($lock,&$connection) { $connection["lock"]=$lock; }
`

func (k kind) locking() string {
	handlers := k.php + locking
	if !strings.Contains(k.php, "function take(") {
		handlers += takeRow
	}
	if strings.HasPrefix(k.php, "namespace") {
		handlers += "function ws_server_authenticate() { return True; }\n}\n"
	}
	return handlers
}

func TestNumbersAreHandedOutOnce(t *testing.T) {
	for _, k := range slices.Concat(countingObjects(), countingMagic(), countingReferences(), countingProcess()) {
		k.run(t, k.php+counting, func(s *harness.Server) string {
			if got := numbers(s); !slices.Equal(got, upTo(crowd*rounds)) {
				return fmt.Sprint("the numbers are ", got)
			}
			return ""
		})
	}
}

func TestLocksHaveOneHolder(t *testing.T) {
	for _, k := range slices.Concat(lockingCallbacks(), lockingMagic(), lockingReferences()) {
		k.run(t, k.locking(), func(s *harness.Server) string {
			if got := winners(s); !slices.Equal(got, []int{1, 1, 1, 1}) {
				return fmt.Sprint("the holders in each round are ", got)
			}
			return ""
		})
	}
}

// run tests a kind in one process, which shows that the kind is right, and in wsbridge as it is by default. The test says
// what is wrong, if anything is.
func (k kind) run(t *testing.T, handlers string, test func(s *harness.Server) string) {
	t.Run(k.name, func(t *testing.T) {
		t.Parallel()
		if wrong := test(harness.ServeInOneProcess(t, harness.App{Handlers: handlers}, 0)); wrong != "" {
			t.Errorf("one process: %s", wrong)
		}
		app := harness.App{Handlers: handlers, TOML: harness.Isolation("auto")}
		if wrong := served(t, app, test); wrong != "" {
			t.Error(wrong)
		}
		app.TOML = harness.PerRequest(app.TOML)
		if k.named != "" {
			k.isNamed(t, app)
			return
		}
		if wrong := served(t, app, test); wrong != "" {
			t.Errorf("a request per event: %s", wrong)
		}
	})
}

// served tests an application once its code is certain: until then, events run alone.
func served(t *testing.T, app harness.App, test func(s *harness.Server) string) string {
	t.Helper()
	s := harness.Serve(t, app)
	c := s.Connect()
	s.AwaitCode(c, "")
	c.Leave()
	return test(s)
}

// isNamed fails if wsbridge check does not say that an application behaves in another way.
func (k kind) isNamed(t *testing.T, app harness.App) {
	t.Helper()
	for _, f := range harness.Prepare(t, app).Check(app) {
		if f.Kind == k.named && f.Level != protocol.LevelNote {
			return
		}
	}
	t.Errorf("wsbridge check has no finding of the kind %q", k.named)
}

// numbers lets a crowd ask for numbers at the same time, and returns those that were handed out, sorted; 0 for no answer.
func numbers(s *harness.Server) []int {
	all := make([]int, crowd*rounds)
	harness.Together(s.ConnectMany(crowd), func(i int, c *harness.Client) {
		for round := range rounds {
			_, _ = c.TryAsk("next", "%d", &all[rounds*i+round])
		}
	})
	slices.Sort(all)
	return all
}

func upTo(most int) (all []int) {
	for n := range most {
		all = append(all, n+1)
	}
	return all
}

// winners lets a crowd ask for the lock of each round at the same time, and counts who has got it.
func winners(s *harness.Server) (won []int) {
	clients := s.ConnectMany(crowd)
	for round := range rounds {
		answers := make([]string, crowd)
		harness.Together(clients, func(i int, c *harness.Client) {
			_, _ = c.TryAsk(fmt.Sprint("lock ", round), "%s", &answers[i])
		})
		won = append(won, 0)
		for _, answer := range answers {
			if answer == "won" {
				won[round]++
			}
		}
	}
	return won
}
