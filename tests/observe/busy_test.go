package observe

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// crowded serves slow handlers with one worker of a php-fpm on a unix socket, to which wsbridge may open more connections than that: the
// others of a shared pool are busy with its site.
func crowded(t *testing.T) (s *harness.Server, address string) {
	t.Helper()
	fpm := harness.StartFPM(t, 1)
	return harness.ServeControl(t, `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { sleep(1); send_text($client_key,$msg); }
`, fmt.Sprintf("[php]\nfastcgi = %q\nmax_connections = 4\n", fpm.Address))
}

// keepAsking sends until the connection ends.
func keepAsking(conn *websocket.Conn) {
	for conn.WriteMessage(websocket.TextMessage, []byte("x")) == nil {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

func TestWaitForAWorkerIsSeenOnAUnixSocket(t *testing.T) {
	t.Parallel()
	s, address := crowded(t)
	clients := []*harness.Client{s.Connect(), s.Connect(), s.Connect()}
	waiting := func() float64 {
		r := httptest.NewRequest(http.MethodGet, "http://"+address+"/metrics", nil)
		_, text := harness.Fetch(t, &http.Client{Timeout: harness.Patience}, r)
		return harness.Metric(t, text, "wsbridge_fpm_connections_waiting")
	}
	if n := waiting(); n != 0 {
		t.Errorf("%v connections wait, and nobody has asked anything", n)
	}
	for _, c := range clients {
		go keepAsking(c.Conn)
	}
	harness.Eventually(t, "a connection waits for a worker", func() bool { return waiting() > 0 })
	p := scrapedBy(s, address, `\d+m`)
	harness.Eventually(t, "the alert fires", func() bool {
		return len(p.query(s, `ALERTS{alertname="WsbridgePhpFpmBusy", alertstate="firing"}`)) == 1
	})
}
