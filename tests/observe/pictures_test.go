package observe

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// shop could be the application of a shop.
const shop = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["login"]=rawurldecode(substr($cookies,6));
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(mt_rand(200,1500));
	if ($msg=="basket") { $basket=null; $basket->total(); }
	$connection["page"]=$msg;
	send_text($client_key,$msg);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	broadcast_to_all($fifo_data);
}`

func TestPictureOfTheDashboard(t *testing.T) {
	browser.NeedsScreenshots(t)
	s, address := harness.ServeControl(t, shop, "token_file = \"DIR/token\"\n")
	address = "http://" + address + "/"
	leave := shoppers(s)
	for range 30 {
		// php-fpm is asked for its workers only while somebody looks.
		ask := httptest.NewRequest(http.MethodGet, address+"v1/status", nil)
		ask.Header.Set("Authorization", "Bearer "+harness.Token)
		if status, body := harness.Fetch(t, http.DefaultClient, ask); status != http.StatusOK {
			t.Fatalf("status: %d %s", status, body)
		}
		time.Sleep(5 * time.Second)
	}
	p := browser.Start(t).Open(t, withToken(address))
	p.Sees("#errors", "total()")
	time.Sleep(30 * time.Second) // Chromium's start shows in the latency of a small machine
	p.Scheme("light")
	p.Picture("dashboard", 1200, 900)
	p.Scheme("dark")
	view(p, "#/live")
	tailing(p)
	p.Sees(".events", "send to")
	p.Picture("dashboard-live", 1200, 620)
	view(p, "#/")
	p.Sees("#state", "ready")
	p.Phone()
	p.Picture("dashboard-phone", 360, 740)
	leave()
}

// shoppers has clients come, write and leave until the returned function is called.
func shoppers(s *harness.Server) (leave func()) {
	ctx, cancel := context.WithCancel(s.T.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := come(s, ctx); err != nil {
			s.T.Errorf("the shoppers: %v", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func come(s *harness.Server, ctx context.Context) error {
	names := []string{"anna", "bert", "carla", "dora", "emil", "frida"}
	var all []*websocket.Conn
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for start, n := time.Now(), 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		seconds := time.Since(start).Seconds()
		for want := 60 + int(30*math.Sin(seconds/20)); len(all) < want; {
			c, _, err := s.Dial("/", harness.Headers("login="+names[rand.IntN(len(names))]))
			if err != nil {
				return err
			}
			all = append(all, c.Conn)
		}
		if len(all) > 40 && rand.IntN(4) == 0 {
			all[0].Close()
			all = all[1:]
		}
		for range 3 + int(2*math.Sin(seconds/9)) + rand.IntN(2) {
			page := fmt.Sprintf("article %d", rand.IntN(900))
			if rand.IntN(1500) == 0 {
				page = "basket"
			}
			if err := all[rand.IntN(len(all))].WriteMessage(websocket.TextMessage, []byte(page)); err != nil {
				return err
			}
		}
	}
}
