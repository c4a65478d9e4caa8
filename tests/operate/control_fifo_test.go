package operate

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const postman = `
function ws_server_fifo(&$server,&$sockets,&$connections,&$data)
{
	if ($data=="fatal") { no_such_function(); }
	if ($data=="exit") { exit; }
	if ($data=="throw") { throw new Exception("lost"); }
	if (substr($data,0,4)=="wait") { file_put_contents(dirname(__FILE__)."/held",$data); }
	while (substr($data,0,4)=="wait" && file_exists(dirname(__FILE__)."/hold")) { usleep(5000); clearstatcache(); }
	foreach ($connections as $key=>$c) { send_text($key,$data); }
	return array("delivered"=>count($connections));
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`

func TestControlWaitsForADocumentsHandler(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: postman})
	control, ctx := s.Control(), t.Context()
	c := s.Connect()
	got, err := control.Fifo(ctx, []byte("hello"), 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Want("hello")
	e := got.Event
	if string(got.Result) != `{"delivered":1}` || e.Event != "fifo" || e.Bytes != 5 || e.Made.Sent != 1 || len(e.Effects) != 1 || e.Total <= 0 {
		t.Errorf("got %s, %+v", got.Result, e)
	}
	for document, want := range map[string]string{"fatal": "no_such_function", "exit": "exit", "throw": "lost"} {
		_, err := control.Fifo(ctx, []byte(document), 0)
		e := wantRefusal(t, err, http.StatusUnprocessableEntity)
		if !strings.Contains(e.Text+e.Event.Failure, want) || e.Event.Failure == "" {
			t.Errorf("%s: got %q, %+v", document, e.Text, e.Event)
		}
		if document != "exit" && (!strings.HasSuffix(e.Event.File, "push_server_events.php") || e.Event.Line == 0) {
			t.Errorf("%s: got %s:%d", document, e.Event.File, e.Event.Line)
		}
	}
	for query, part := range map[string]string{"timeout=5": "duration", "timeout=-1s": "duration", "timeout=24h": "10m", "wait=1s": "0 or 1",
		"waits=1": `"waits"`, "wait=0&wait=1": "once", "wait=1&timeout=1s&wait=1": "once"} {
		wantRefusal(t, s.Order(http.MethodPost, "/v1/fifo?"+query, "x", nil), http.StatusBadRequest, part)
	}
	wantRefusal(t, s.Order(http.MethodPost, "/v1/fifo", "", nil), http.StatusBadRequest, "empty")
}

func TestControlSaysWhatBecomesOfADocumentThatTakesTooLong(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: postman})
	control, ctx := s.Control(), t.Context()
	c := s.Connect()
	s.Write("hold", "")
	_, err := control.Fifo(ctx, []byte("wait a"), 2*time.Second)
	wantRefusal(t, err, http.StatusGatewayTimeout, "may still run")
	_, err = control.Fifo(ctx, []byte("wait b"), 100*time.Millisecond)
	wantRefusal(t, err, http.StatusGatewayTimeout, "will not run")
	if err := s.Remove("hold"); err != nil {
		t.Fatal(err)
	}
	c.Want("wait a")
	if _, err := control.Fifo(ctx, []byte("c"), 0); err != nil {
		t.Fatal(err)
	}
	c.Want("c") // and not "wait b"
}

func TestControlRefusesADocumentThatNobodyWouldHandle(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	_, err := s.Control().Fifo(t.Context(), []byte("x"), 0)
	wantRefusal(t, err, http.StatusNotFound, "ws_server_fifo")
}
