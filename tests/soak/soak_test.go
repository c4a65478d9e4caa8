// Package soak keeps the real program under churn and traffic while php-fpm reloads, loses workers and gets new code,
// all at once, and counts: what was acknowledged has run, nothing ran twice, and the order within each connection was
// kept.
//
// make soak runs it for MINUTES; with the other tests it is short.
package soak

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

var length = flag.Duration("for", 15*time.Second, "`how long` to soak")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m))
}

// application writes each event that it runs into a journal, and acknowledges it only then.
const application = `
function note($line) { file_put_contents(__DIR__."/journal",$line."\n",FILE_APPEND|LOCK_EX); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["said"]=0; send_text($client_key,"key ".$client_key); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	list($verb,$n)=explode(" ",$msg);
	note("text ".$client_key." ".$n);
	$connection["said"]++;
	if (mt_rand(0,9)==0) { usleep(20000); } // workers die here
	if ($verb=="tell") { broadcast_to_all("told ".$client_key." ".$n); }
	send_text($client_key,"ack ".$n." ".$connection["said"]);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	$d=json_decode($fifo_data,True);
	note("fifo 0 ".$d["n"]);
}
`

const (
	clients = 40
	workers = 6
)

func TestSoak(t *testing.T) {
	fpm := harness.StartFPM(t, workers+1) // a spare: the connection that replaces a dead worker's meets one that lives
	s := harness.Serve(t, harness.App{Handlers: application,
		TOML: harness.Anybody + harness.Brief + fpm.Config() + fmt.Sprintf("php.max_connections = %d\n", workers)})
	before := s.Settled()
	ctx, cancel := context.WithTimeout(t.Context(), *length)
	defer cancel()

	var faults, traffic sync.WaitGroup
	trouble := &trouble{fpm: fpm, events: s.Path("push_server_events.php")}
	faults.Go(func() { trouble.make(ctx, t) })
	crowd := make([]*user, clients)
	for i := range crowd {
		crowd[i] = &user{t: t, server: s, seed: uint64(i)}
		traffic.Go(func() { crowd[i].live(ctx) })
	}
	documents := 0
	traffic.Go(func() { documents = writeDocuments(ctx, t, s) })
	faults.Wait()
	traffic.Wait()

	b := newBooks(crowd, documents)
	s.Recovers(before)
	b.read(t, s.Path("journal"))
	b.failed = failures(t, s)
	b.settle(t, trouble.kills)
	t.Logf("%v: %s; %d reloads, %d workers killed, %d new versions of the code", *length, b, trouble.reloads, trouble.kills, trouble.deployments)
}

// failures counts the events that failed, of all kinds.
func failures(t *testing.T, s *harness.Server) (n int) {
	t.Helper()
	for line := range strings.Lines(s.Metrics()) {
		var labels string
		var count float64
		if rest, ok := strings.CutPrefix(line, "wsbridge_event_failures_total{"); ok {
			labels, rest, _ = strings.Cut(rest, "} ")
			if _, err := fmt.Sscan(rest, &count); err != nil {
				t.Fatalf("%s: %v", labels, err)
			}
			t.Logf("failed: %s %v", labels, count)
			n += int(count)
		}
	}
	return n
}
