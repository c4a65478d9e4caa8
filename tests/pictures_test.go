package tests

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"
)

// screenshots is the folder where pictures of the pages go, if it is set:
//
//	WSBRIDGE_SCREENSHOTS=$PWD/docs/images go test -run Picture ./tests
const screenshots = "WSBRIDGE_SCREENSHOTS"

func needsScreenshots(t *testing.T) {
	t.Helper()
	if os.Getenv(screenshots) == "" {
		t.Skip("set " + screenshots + " to a folder for pictures")
	}
}

// picture takes a screenshot of a window that large.
func (p *tab) picture(name string, width, height int64) {
	p.t.Helper()
	var shot []byte
	p.run(chromedp.EmulateViewport(width, height), chromedp.Evaluate("scrollTo(0, 0); document.activeElement.blur()", nil),
		chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&shot))
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		p.t.Fatal(err)
	}
	var small bytes.Buffer // Chromium is quick, and packs worse
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, img); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(os.Getenv(screenshots), name+".png"), small.Bytes(), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// shop is what an application of a shop may be like.
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
	needsScreenshots(t)
	s, address := operatedWith(t, shop, "token_file = \"DIR/token\"\n")
	address = "http://" + address + "/"
	leave := s.shoppers()
	for range 30 {
		// php-fpm is asked for its workers only while somebody looks.
		if status, _, body := s.reach("GET", address+"v1/status", "Authorization: Bearer "+token); status != 200 {
			t.Fatalf("status: %d %s", status, body)
		}
		time.Sleep(5 * time.Second)
	}
	p := browser(t)(withToken(address))
	p.sees("#errors", "total()")
	time.Sleep(30 * time.Second) // Chromium's start shows in the latency of a small machine
	p.scheme("light")
	p.picture("dashboard", 1200, 900)
	p.scheme("dark")
	p.view("#/live")
	p.tailing()
	p.sees(".events", "send to")
	p.picture("dashboard-live", 1200, 620)
	p.view("#/")
	p.sees("#state", "ready")
	p.phone()
	p.picture("dashboard-phone", 360, 740)
	leave()
}

// shoppers has clients come, write and leave until the returned function is called.
func (s *server) shoppers() (leave func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.come(ctx); err != nil {
			s.t.Errorf("the shoppers: %v", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (s *server) come(ctx context.Context) error {
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
			c, _, err := s.dial("/", headers("login="+names[rand.IntN(len(names))]))
			if err != nil {
				return err
			}
			all = append(all, c.conn)
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

func TestPictureOfTheChat(t *testing.T) {
	needsScreenshots(t)
	s, pipe := demo(t)
	open := browser(t)
	url := "http://" + s.address + "/?name="
	anna, bert, carla, dora := open(url+"Anna"), open(url+"Bert"), open(url+"Carla"), open(url+"Dora")
	for _, p := range []*tab{anna, bert, carla, dora} {
		p.sees("#state", "connected")
	}
	dora.say("/join kitchen")
	dora.sees("#me", "kitchen")
	say := func(p *tab, text string) {
		p.say(text)
		anna.sees("#log", text)
	}
	say(bert, "Is the new release out?")
	say(carla, "Since this morning. I deployed the handlers while you were all connected")
	say(carla, "nobody was dropped")
	say(anna, "I did not notice anything. Grüße aus Köln, привет")
	bert.say("/tell 1 Coffee at three?")
	anna.sees("#log", "Coffee at three?")
	writeTo(t, pipe, `{"to":"*","text":"The nightly report is ready."}`+"\n")
	anna.sees("#log", "nightly")
	anna.scheme("light")
	anna.picture("chat", 960, 620)
	anna.scheme("dark")
	anna.picture("chat-phone", 360, 640)
}
