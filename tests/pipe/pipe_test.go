package pipe

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// forward sends each document's length and content hash to client 1.
const forward = `
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { send_text(1,strlen($fifo_data)<100?$fifo_data:strlen($fifo_data)." ".md5($fifo_data)); }
`

func TestPipeHasMode0666AndIsRemovedAtStop(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	info, err := os.Lstat(s.Path("ws_notify"))
	if err != nil || info.Mode() != os.ModeNamedPipe|0o666 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	s.Stop()
	if _, err := os.Lstat(s.Path("ws_notify")); !os.IsNotExist(err) {
		t.Errorf("the pipe is still there: %v", err)
	}
}

func TestPipeDocumentsArriveOneByOne(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	s.WritePipe(`{"a":1}{"b":"} {"}[1,2]`)
	c.Want(`{"a":1}`)
	c.Want(`{"b":"} {"}`)
	c.Want(`[1,2]`)
	s.WritePipe("  reload  ")
	c.Want("reload")
	s.WritePipe("[1]\n[2]\nstatus\n")
	c.Want("[1]")
	c.Want("[2]")
	c.Want("status")
	s.WritePipe("{\n  \"pretty\": true\n}\n")
	c.Want("{\n  \"pretty\": true\n}")
	s.WritePipe(`{"broken":]`)
	s.Log.Wait("", "skipped")
	s.WritePipe(`{"after":1}`)
	c.Want(`{"after":1}`)
}

// The original handed over whatever had come, so a text arrived whole if nothing else was near.
func TestPipeTextOfOneWriterIsOneEvent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	for _, text := range []string{"[INFO] stock changed", "{name} has left", "[1] first", "one\ntwo", "three\n\nfour\n", "[x]\n[y]", `reload {"a":1}`, `reload{"a":1}`} {
		s.WritePipe(text)
		c.Want(strings.TrimSpace(text))
	}
	for range 100 {
		s.WritePipe("[x]\n[y]")
		c.Want("[x]\n[y]")
	}
	for range 50 { // without a pause
		texts := []string{"[INFO] one\n", "two\n", `{"three":3}`}
		for _, text := range texts {
			s.WritePipe(text)
		}
		for _, text := range texts {
			c.Want(strings.TrimSpace(text))
		}
	}
	// The documented mode of the original's writers: each is a command without a line break, and the server looks in between.
	holds := pipeHolds(s)
	for range 50 {
		s.WritePipe("reload")
		harness.Eventually(t, "the pipe is empty", func() bool { return holds() == 0 })
		s.WritePipe("restart")
		c.Want("reload")
		c.Want("restart")
	}
}

// pipeHolds returns a function that tells how many bytes the server has not read from its pipe.
func pipeHolds(s *harness.Server) func() int {
	s.T.Helper()
	fd, err := unix.Open(s.Path(harness.Pipe), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { unix.Close(fd) })
	return func() int {
		n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		if err != nil {
			s.T.Fatal(err)
		}
		return n
	}
}

func TestPipeTakesLargeDocuments(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	document := `{"blob":"` + strings.Repeat("0123456789", 50_000) + `"}`
	s.WritePipe(document)
	if got := c.Receive(); !strings.HasPrefix(got, fmt.Sprint(len(document))+" ") {
		t.Errorf("got %q", got)
	}
	s.WritePipe(`{"huge":"` + strings.Repeat("x", 2<<20) + `"}`)
	s.Log.Wait("", "skipped")
	s.WritePipe(`{"small":1}`)
	c.Want(`{"small":1}`)
}

func TestPipeFlood(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	const writers, documents = 8, 100
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for d := range documents {
				s.WritePipe(fmt.Sprintf(`{"writer":%d,"document":%d}`, w, d))
			}
		})
	}
	next := make([]int, writers)
	for range writers * documents {
		var got struct{ Writer, Document int }
		c.WantJSON(&got)
		if next[got.Writer] != got.Document {
			t.Fatalf("writer %d: got document %d, want %d", got.Writer, got.Document, next[got.Writer])
		}
		next[got.Writer]++
	}
	group.Wait()
}

// What a handler writes into the pipe is read while the handler still runs, although no other event may run then. It is
// more than the kernel's pipe holds, as one document and as many.
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
	client, err := os.ReadFile("../../php-handlers/ws_app.php")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"auto", "serial"} {
		for name, row := range map[string]struct{ documents, size int }{"large": {1, 500_000}, "many": {900, 100}} {
			t.Run(mode+" "+name, func(t *testing.T) {
				a := harness.App{Handlers: handlers, TOML: harness.Isolation(mode)}
				s := harness.Prepare(t, a)
				s.Write("ws_app.php", string(client))
				s.Run(a)
				c := s.Connect()
				c.Send(fmt.Sprint(row.documents, " ", row.size))
				c.Want("OK")
				for range row.documents {
					c.Want(fmt.Sprintf("%d of 1", row.size+len(`{"blob":""}`)))
				}
				if got := s.Read("turns"); !strings.HasPrefix(got, "text begins with 1\ntext ends\ndocument\n") {
					t.Errorf("got %.200s", got)
				}
			})
		}
	}
}

func TestPipePathThatIsNoPipe(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: forward}
	s := harness.Prepare(t, a)
	if err := os.Mkdir(s.Path(harness.Pipe), 0o755); err != nil {
		t.Fatal(err)
	}
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError(s.Path(harness.Pipe), "directory")
	if err := os.Remove(s.Path(harness.Pipe)); err != nil {
		t.Error(err)
	}
}

func TestPipeIsReplacedAtStart(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: forward}
	s := harness.Prepare(t, a)
	if out, err := exec.Command("mkfifo", "-m", "600", s.Path("ws_notify")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.Run(a)
	if info, err := os.Lstat(s.Path("ws_notify")); err != nil || info.Mode() != os.ModeNamedPipe|0o666 {
		t.Errorf("got %v, %v", info, err)
	}
	c := s.Connect()
	s.WritePipe("hello")
	c.Want("hello")
}

func TestPipeWritersOpenWriteWithoutANewlineAndClose(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	for _, document := range []string{`{"a":{"b":[1,2]},"text":"ü \" } {"}`, "reload", "two words", `[]`, `"quoted"`, "{}", "7"} {
		script := `$f=fopen($argv[1],"w+"); fwrite($f,$argv[2]); fclose($f);`
		if out, err := exec.Command("php", "-r", script, "--", s.Path("ws_notify"), document).CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		c.Want(document)
	}
}

func TestPipeOutlivesItsWriters(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	f, err := os.OpenFile(s.Path("ws_notify"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 3 { // one writer stays, others come and go
		if _, err := fmt.Fprintf(f, `{"stays":%d}`, i); err != nil {
			t.Fatal(err)
		}
		c.Want(fmt.Sprintf(`{"stays":%d}`, i))
		s.WritePipe(fmt.Sprintf(`{"goes":%d}`, i))
		c.Want(fmt.Sprintf(`{"goes":%d}`, i))
	}
}
