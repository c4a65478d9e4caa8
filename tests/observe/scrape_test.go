package observe

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestScrapeTellsWhetherPHPIsAway(t *testing.T) {
	a := harness.App{Handlers: harness.Echo, TOML: "[php]\nunavailable_wait = \"100ms\"\n"}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	scrapes := func(what string, up float64) {
		t.Helper()
		harness.Eventually(t, what, func() bool {
			_, text := s.Get("/metrics")
			return harness.Metric(t, text, "wsbridge_fpm_up") == up
		})
	}
	c := s.Connect()
	fpm.Stop()
	scrapes("it is missed before an event needs it", 0)
	fpm.Start()
	scrapes("it is there", 1)
	fpm.Stop()
	c.Send("never answered")
	if code, _ := c.Closed(); code != 1013 {
		t.Errorf("closed with %d", code)
	}
	scrapes("an event has missed it", 0)
	fpm.Start()
	scrapes("it is found without an event", 1)
	s.Log.Wait("php-fpm is back")
}

func TestScrapeTellsWhatClientsHaveNotRead(t *testing.T) {
	t.Parallel()
	const million = 1000000
	s := harness.Serve(t, harness.App{
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { for ($i=0; $i<20; $i++) send_text($client_key,str_repeat("x",1000000)); }`,
		TOML:     "[server]\nwrite_timeout = \"60s\"\n",
	})
	queued := func() (length, bytes float64) {
		_, text := s.Get("/metrics")
		return harness.Metric(t, text, "wsbridge_send_queue_length"), harness.Metric(t, text, "wsbridge_send_queue_bytes")
	}
	c := s.Connect()
	c.Send("x")
	harness.Eventually(t, "the kernel's buffers are full and the rest waits", func() bool {
		length, bytes := queued()
		return length >= 1 && bytes >= million
	})
	for range 20 {
		if got := c.Receive(); len(got) != million {
			t.Fatalf("got %d bytes", len(got))
		}
	}
	harness.Eventually(t, "nothing waits any more", func() bool {
		length, bytes := queued()
		return length == 0 && bytes == 0
	})
}
