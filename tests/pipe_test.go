package tests

import (
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

func TestPipeHasMode0666AndIsRemovedAtStop(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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

// A push from inside a handler is taken in while that still runs, though nothing else can run beside it: more than the
// kernel's pipe holds, in one document and in many.
func TestHandlersMayWriteIntoThePipe(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

func TestPipeIsReplacedAtStart(t *testing.T) {
	t.Parallel()
	a := app{handlers: forward}
	s := prepare(t, a)
	if out, err := exec.Command("mkfifo", "-m", "600", s.path("ws_notify")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.run(a)
	if info, err := os.Lstat(s.path("ws_notify")); err != nil || info.Mode() != os.ModeNamedPipe|0o666 {
		t.Errorf("got %v, %v", info, err)
	}
	c := s.connect()
	s.pipe("hello")
	c.want("hello")
}

func TestPipeWritersOpenWriteWithoutANewlineAndClose(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: forward})
	c := s.connect()
	for _, document := range []string{`{"a":{"b":[1,2]},"text":"ü \" } {"}`, "reload", "two words", `[]`, `"quoted"`, "{}", "7"} {
		script := `$f=fopen($argv[1],"w+"); fwrite($f,$argv[2]); fclose($f);`
		if out, err := exec.Command("php", "-r", script, "--", s.path("ws_notify"), document).CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		c.want(document)
	}
}

func TestPipeOutlivesItsWriters(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: forward})
	c := s.connect()
	f, err := os.OpenFile(s.path("ws_notify"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 3 { // one that stays, and others that come and go
		if _, err := fmt.Fprintf(f, `{"stays":%d}`, i); err != nil {
			t.Fatal(err)
		}
		c.want(fmt.Sprintf(`{"stays":%d}`, i))
		s.pipe(fmt.Sprintf(`{"goes":%d}`, i))
		c.want(fmt.Sprintf(`{"goes":%d}`, i))
	}
}
