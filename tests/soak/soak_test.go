// Package soak keeps the real program under churn and traffic while php-fpm reloads, loses workers and gets new code and
// wsbridge gets new configuration, all at once, and counts: what was acknowledged has run and is kept, nothing ran twice, and the order
// within each connection was kept. It does so in each way that events run.
//
// make soak runs it for MINUTES in each mode; with the other tests it is short.
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

var length = flag.Duration("for", 10*time.Second, "`how long` to soak")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m))
}

// application writes each event that it runs into a journal, and acknowledges it only then. A row and a global variable count what was
// kept.
const application = `
$documents=0;
function note($line) { file_put_contents(__DIR__."/journal",$line."\n",FILE_APPEND); } // a signal to php-fpm ends waiting for a lock
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_open(&$connections,&$connection,$client_key)
{
	$connection["said"]=0;
	$connection["document"]=0;
	send_text($client_key,"key ".$client_key);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	list($verb,$n)=explode(" ",$msg);
	note("text ".$client_key." ".$n." 0");
	$connection["said"]=(isset($connection["said"]) ? $connection["said"] : 0)+1;
	if (mt_rand(0,9)==0) { usleep(20000); } // workers die here
	if ($verb=="tell") { broadcast_to_all("told ".$client_key." ".$n); }
	$document=isset($connection["document"]) ? $connection["document"] : 0; // the open event may have failed
	send_text($client_key,"ack ".$n." ".$connection["said"]." ".$document);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	global $documents;
	$d=json_decode($fifo_data,True);
	$documents++;
	note("fifo 0 ".$d["n"]." ".$documents);
	foreach ($connections as $key=>$row) { $connections[$key]["document"]=$d["n"]; }
	if ($d["n"]%10==0) { broadcast_to_all("told 0 ".$d["n"]); }
}
`

const (
	clients = 40
	workers = 6
)

func TestSoak(t *testing.T) {
	for mode, toml := range map[string]string{
		"resident": "php.resident = \"on\"\n",
		"beside":   "php.resident = \"on\"\nisolation.mode = \"connection\"\n", // the pipe's events in a resident worker, all others beside it
		"off":      "php.resident = \"off\"\n",
	} {
		t.Run(mode, func(t *testing.T) { soak(t, toml) })
	}
}

// soak also needs a spare worker of php-fpm, since the connection that replaces a dead worker's meets one that lives.
func soak(t *testing.T, toml string) {
	fpm := harness.StartFPMForResidents(t, workers+1, workers+4, "30s")
	toml = harness.Anybody + harness.Brief + fpm.Config() + fmt.Sprintf("php.max_connections = %d\n", workers) + toml
	s := harness.Serve(t, harness.App{Handlers: application, TOML: toml})
	before := s.Settled()
	ctx, cancel := context.WithTimeout(t.Context(), *length)
	defer cancel()

	var faults, traffic sync.WaitGroup
	trouble := &trouble{server: s, fpm: fpm}
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
	documents++
	s.WritePipe(document(documents))
	harness.Eventually(t, "the last document has run", func() bool {
		return strings.Contains(s.ReadIfThere("journal"), fmt.Sprintf("fifo 0 %d ", documents))
	})

	b := newBooks(crowd, documents)
	s.Recovers(before)
	b.read(t, s.Path("journal"))
	b.failed = failures(t, s)
	b.settle(t, trouble.kills)
	t.Logf("%v: %s; %s", *length, b, trouble)
	t.Logf("%d times a resident worker has begun to run events, and %d times there was none", s.Log.Count("resident worker runs events"),
		s.Log.Count("there is no resident worker"))
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
			if count > 0 {
				t.Logf("failed: %s %v", labels, count)
			}
			n += int(count)
		}
	}
	return n
}
