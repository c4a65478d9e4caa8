package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// forward sends each document's length and content hash to client 1.
const forward = `
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { send_text(1,strlen($fifo_data)<100?$fifo_data:strlen($fifo_data)." ".md5($fifo_data)); }
`

func TestPipeModeAndRemoval(t *testing.T) {
	s := serve(t, app{handlers: forward})
	info, err := os.Lstat(s.path("ws_notify"))
	if err != nil || info.Mode() != os.ModeNamedPipe|0o666 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	s.stop()
	if _, err := os.Lstat(s.path("ws_notify")); !os.IsNotExist(err) {
		t.Errorf("the pipe is still there: %v", err)
	}
}

func TestPipeDocumentsArriveOneByOne(t *testing.T) {
	s := serve(t, app{handlers: forward})
	c := s.connect()
	s.pipe(`{"a":1}{"b":"} {"}[1,2]`)
	c.want(`{"a":1}`)
	c.want(`{"b":"} {"}`)
	c.want(`[1,2]`)
	s.pipe("  reload  ")
	c.want("reload")
	s.pipe("one\ntwo\n")
	c.want("one")
	c.want("two")
	s.pipe("{\n  \"pretty\": true\n}\n")
	c.want("{\n  \"pretty\": true\n}")
	s.pipe(`{"broken":]`)
	s.log.wait("", "skipped")
	s.pipe(`{"after":1}`)
	c.want(`{"after":1}`)
}

func TestPipeTakesLargeDocuments(t *testing.T) {
	s := serve(t, app{handlers: forward})
	c := s.connect()
	document := `{"blob":"` + strings.Repeat("0123456789", 50_000) + `"}`
	s.pipe(document)
	if got := c.receive(); !strings.HasPrefix(got, fmt.Sprint(len(document))+" ") {
		t.Errorf("got %q", got)
	}
	s.pipe(`{"huge":"` + strings.Repeat("x", 2<<20) + `"}`)
	s.log.wait("", "skipped")
	s.pipe(`{"small":1}`)
	c.want(`{"small":1}`)
}

func TestPipeFlood(t *testing.T) {
	s := serve(t, app{handlers: forward})
	c := s.connect()
	const writers, documents = 8, 100
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for d := range documents {
				s.pipe(fmt.Sprintf(`{"writer":%d,"document":%d}`, w, d))
			}
		})
	}
	next := make([]int, writers)
	for range writers * documents {
		var got struct{ Writer, Document int }
		c.wantJSON(&got)
		if next[got.Writer] != got.Document {
			t.Fatalf("writer %d: got document %d, want %d", got.Writer, got.Document, next[got.Writer])
		}
		next[got.Writer]++
	}
	group.Wait()
}

func TestPipeClientOfTheWebSide(t *testing.T) {
	s := serve(t, app{handlers: forward})
	c := s.connect()
	client, err := os.ReadFile("../php-handlers/ws_app.php")
	if err != nil {
		t.Fatal(err)
	}
	s.write("ws_app.php", string(client))
	s.write("web.php", `<?php
define("WEBSOCKET_XHR_PIPE_FILE",$argv[1]);
require __DIR__."/ws_app.php";
$document=array("to"=>"*","text"=>"hi");
ws_pipe_data($document);
$command=array("wsmanage"=>array("cmd"=>"quit now"));
ws_pipe_data($command);
echo json_encode(array($document["pipe_status"],$command["pipe_status"]));
`)
	run := func(pipe string) (statuses []string) {
		out, err := exec.Command("php", s.path("web.php"), pipe).Output()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := json.Unmarshal(out, &statuses); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return statuses
	}
	if got := run(s.path("ws_notify")); got[0] != "OK" || got[1] != "OK" {
		t.Errorf("got %q", got)
	}
	c.want(`{"to":"*","text":"hi"}`)
	c.want("quit now")
	if got := run(s.path("nowhere")); got[0] != "PIPE FILE NOT FOUND" {
		t.Errorf("got %q", got)
	}
}

// A push from inside a handler is taken in while that still runs, though nothing else can run beside it: more than the
// kernel's pipe holds, in one document and in many.
func TestHandlersMayWriteIntoThePipe(t *testing.T) {
	const handlers = `
require __DIR__."/ws_app.php";
function note($line) { file_put_contents(__DIR__."/turns",$line."\n",FILE_APPEND|LOCK_EX); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	note("document");
	send_text(1,strlen($fifo_data)." of ".count($connections));
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	list($documents,$size)=explode(" ",$msg);
	note("text begins with ".count($connections));
	for ($i=0;$i<$documents;$i++) { $p=array("blob"=>str_repeat("x",(int)$size)); ws_pipe_data($p); }
	send_text($client_key,$p["pipe_status"]);
	note("text ends");
}
`
	client, err := os.ReadFile("../php-handlers/ws_app.php")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"auto", "serial"} {
		for name, row := range map[string]struct{ documents, size int }{"large": {1, 500_000}, "many": {900, 100}} {
			t.Run(mode+" "+name, func(t *testing.T) {
				a := app{handlers: handlers, toml: isolated(mode)}
				s := prepare(t, a)
				s.write("ws_app.php", string(client))
				s.run(a)
				c := s.connect()
				c.send(fmt.Sprint(row.documents, " ", row.size))
				c.want("OK")
				for range row.documents {
					c.want(fmt.Sprintf("%d of 1", row.size+len(`{"blob":""}`)))
				}
				if got := s.read("turns"); !strings.HasPrefix(got, "text begins with 1\ntext ends\ndocument\n") {
					t.Errorf("got %.200s", got)
				}
			})
		}
	}
}

func TestPipePathThatIsNoPipe(t *testing.T) {
	a := app{handlers: forward}
	s := prepare(t, a)
	s.write("ws_notify", "precious")
	s.start(s.arguments(a)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError(s.path("ws_notify"), "regular file")
	if got := s.read("ws_notify"); got != "precious" {
		t.Errorf("the file has %q", got)
	}
}

func TestPipeStaleIsMadeAnew(t *testing.T) {
	a := app{handlers: forward}
	s := prepare(t, a)
	if out, err := exec.Command("mkfifo", "-m", "600", s.path("ws_notify")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.run(a)
	c := s.connect()
	s.pipe("hello")
	c.want("hello")
}
