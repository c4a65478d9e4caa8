package serve

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
)

func TestAnExternalPHPIsAskedForItsWorkers(t *testing.T) {
	dir, err := makeRunDir(os.TempDir(), allEnter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := phpfpm.Start(t.Context(), phpfpm.Config{Dir: dir, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	var page fastcgi.StatusPage
	page.Network, page.Address, page.Path = p.StatusPage()
	other := page
	other.Path = "/other"
	for _, test := range []struct {
		page fastcgi.StatusPage
		php  config.PHP
		want int
		log  string
	}{
		{page, config.PHP{Reserve: 1}, 2, "level=INFO"},
		{page, config.PHP{Reserve: 1, MaxConnections: 1}, 1, "workers=3"},
		{page, config.PHP{Reserve: 1, MaxConnections: 9}, 2, "level=WARN"},
		{other, config.PHP{Reserve: 1, MaxConnections: 9}, 9, "level=WARN"},
		{fastcgi.StatusPage{}, config.PHP{Reserve: 1}, 4, "not asked"},
	} {
		var log bytes.Buffer
		test.php.FastCGI = "unix:" + p.Address()
		got := learnWorkers(t.Context(), &test.php, test.page, slog.New(slog.NewTextHandler(&log, nil)))
		if got != test.want || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), test.log) {
			t.Errorf("%+v: got %d, logged %s", test.php, got, &log)
		}
	}
}

func TestRunDirIsReachedByThoseWhoNeedIt(t *testing.T) {
	parent := t.TempDir()
	for _, mode := range []os.FileMode{ownerEnters, groupEnters, allEnter} {
		dir, err := makeRunDir(parent, mode)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != mode {
			t.Errorf("got %v, %v, want %v", info.Mode(), err, mode)
		}
	}
	t.Setenv("RUNTIME_DIRECTORY", parent+":/run/other")
	dir, remove, err := MakeRunDir(&config.PHP{})
	if err != nil || filepath.Dir(dir) != parent || remove() != nil {
		t.Errorf("got %s, %v, want one in %s", dir, err, parent)
	}
	own, external := config.PHP{}, config.PHP{FastCGI: "unix:/run/php/php-fpm.sock"}
	want := [2]os.FileMode{ownerEnters, groupEnters}
	if os.Geteuid() == 0 {
		want = [2]os.FileMode{allEnter, allEnter}
	}
	if got := [2]os.FileMode{runDirMode(&own), runDirMode(&external)}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
