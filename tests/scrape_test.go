package tests

import "testing"

func TestScrapeTellsWhetherPHPIsAway(t *testing.T) {
	a := app{handlers: pid, toml: "[php]\nunavailable_wait = \"100ms\"\n"}
	s := prepare(t, a)
	address, stop, start := external(t, s)
	a.args = []string{"--fastcgi", address}
	s.run(a)
	scrapes := func(what string, up float64) {
		t.Helper()
		eventually(t, what, func() bool {
			_, text := s.get("/metrics")
			return metric(t, text, "wsbridge_fpm_up") == up
		})
	}
	c := s.connect()
	stop()
	scrapes("it is missed before an event needs it", 0)
	start()
	scrapes("it is there", 1)
	stop()
	c.send("never answered")
	if code, _ := c.closed(); code != 1013 {
		t.Errorf("closed with %d", code)
	}
	scrapes("an event has missed it", 0)
	start()
	scrapes("it is found without an event", 1)
	s.log.wait("php-fpm is back")
}

func TestScrapeTellsWhatClientsHaveNotRead(t *testing.T) {
	t.Parallel()
	const million = 1000000
	s := serve(t, app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { for ($i=0; $i<20; $i++) send_text($client_key,str_repeat("x",1000000)); }`,
		toml:     "[server]\nwrite_timeout = \"60s\"\n",
	})
	queued := func() (length, bytes float64) {
		_, text := s.get("/metrics")
		return metric(t, text, "wsbridge_send_queue_length"), metric(t, text, "wsbridge_send_queue_bytes")
	}
	c := s.connect()
	c.send("x")
	eventually(t, "the kernel's buffers are full and the rest waits", func() bool {
		length, bytes := queued()
		return length >= 1 && bytes >= million
	})
	for range 20 {
		if got := c.receive(); len(got) != million {
			t.Fatalf("got %d bytes", len(got))
		}
	}
	eventually(t, "nothing waits any more", func() bool {
		length, bytes := queued()
		return length == 0 && bytes == 0
	})
}
