package fastcgi

import (
	"errors"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// page returns this php-fpm's status page.
func (f *foreign) page(path string) StatusPage { return StatusPage{f.network, f.address, path} }

func TestStatusPageTellsHowManyWorkersThereAre(t *testing.T) {
	for _, test := range []struct {
		manager, network string
		least, most      int
		fixed            bool
	}{
		{"static", "unix", 5, 5, true}, {"static", "tcp", 5, 5, true}, {"dynamic", "unix", 1, 6, false}, {"ondemand", "tcp", 1, 5, false},
	} {
		t.Run(test.manager+"/"+test.network, func(t *testing.T) {
			s := newSite(t)
			f := s.foreignOn(t, test.network, append(managers[test.manager], "pm.status_path = /status")...)
			var got *Status
			read := func() bool {
				var err error
				if got, err = f.page("/status").Read(t.Context()); err != nil {
					t.Fatal(err)
				}
				return got.Workers >= test.least
			}
			eventually(t, "all workers have started", read)
			for range 200 { // the page's own sums go astray by this
				read()
			}
			if got.Workers < test.least || got.Workers > test.most || got.Idle >= got.Workers || got.Connections < 200 {
				t.Errorf("got %+v", got)
			}
			if got.Pool != "pool" || got.Manager != test.manager || got.Fixed() != test.fixed {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestStatusPageErrors(t *testing.T) {
	s := newSite(t)
	f := s.foreign(t, "pm.max_children = 1", "pm.status_path = /status")
	if _, err := f.page("/other").Read(t.Context()); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("another path: got %v", err)
	}
	if _, err := f.page(s.path("mirror.php")).Read(t.Context()); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("another page: got %v", err)
	}
	c := f.client(t)
	if _, err := c.Status(t.Context()); !errors.Is(err, ErrNoStatusPage) {
		t.Errorf("none configured: got %v", err)
	}
	mustAsk(t, c, "echo:a") // keeps the only worker
	started := time.Now()
	if _, err := f.page("/status").Read(t.Context()); !errors.Is(err, protocol.ErrTimeout) || time.Since(started) > 3*statusTimeout {
		t.Errorf("all workers busy: got %v after %v", err, time.Since(started))
	}
	f.kill()
	eventually(t, "php-fpm is gone", func() bool {
		_, err := f.page("/status").Read(t.Context())
		return errors.Is(err, protocol.ErrUnavailable)
	})
}

func TestStatusOfAnOwnPHPIsThereWhenAllWorkersAreBusy(t *testing.T) {
	s := newSite(t)
	network, address, path := s.own(t, 1).StatusPage()
	c := s.client(t, func(cfg *Config) { cfg.StatusPage = StatusPage{network, address, path} })
	mustAsk(t, c, "echo:a")
	got, err := c.Status(t.Context())
	if err != nil || got.Pool != "wsbridge" || got.Workers != 1 || got.Idle != 0 || !got.Fixed() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestStatusPageIsParsed(t *testing.T) {
	page := "pool:                 www\nprocess manager:      dynamic\nstart time:           25/Nov/2026:09:07:59 +0000\n" +
		"start since:          75\naccepted conn:        12\nlisten queue:         1\nmax listen queue:     3\nlisten queue len:     128\n" +
		"idle processes:       40\nactive processes:     99\ntotal processes:      139\nmax active processes: 5\n" +
		"max children reached: 2\nslow requests:        4\n\n" +
		"************************\npid:                  7\nstate:                Idle\nrequest URI:          /?state: Idle\n\n" +
		"************************\npid:                  8\nstate:                Running\nslow requests:        9\n"
	want := Status{Pool: "www", Manager: "dynamic", Uptime: 75 * time.Second, Workers: 2, Idle: 1,
		Connections: 12, MaxChildrenReached: 2, SlowRequests: 4}
	if got := parseStatusPage([]byte(page)); *got != want {
		t.Errorf("got %+v", got)
	}
}
