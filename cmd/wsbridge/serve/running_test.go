package serve

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/logs"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
)

const patience = 2 * time.Minute

const asksForValues = `<?php
function ws_server_authenticate() { return true; }
function ws_server_fifo(&$server,&$sockets,&$connections,&$document) { return eval("return $document;"); }
`

// running is a server with a php-fpm of its own, under a service manager.
type running struct {
	t       *testing.T
	dir     string
	server  *server
	control *api.Client
	stop    func()      // and wait until it has ended
	stopped chan string // what the manager is told then
}

// run starts a server, which ends with the test.
func run(t *testing.T) *running {
	t.Helper()
	r := &running{t: t, dir: publicDir(t), stopped: make(chan string, 1)}
	write(t, r.dir, "events.php", asksForValues)
	r.configure(nil)
	r.manage()
	load := func() (config.Config, error) { return config.Load(config.Sources{Config: r.file()}) }
	cfg := must(load())
	listens, ended := make(chan struct{}), make(chan error, 1)
	log := must(os.Create(filepath.Join(r.dir, "log")))
	s := &server{Options: Options{Load: load, Listening: func(string, []string) { close(listens) }}, log: logs.New(log, cfg.Log),
		metrics: metrics.New("")}
	s.cfg.Store(&cfg)
	s.reload = newReloader(cfg, load, s.metrics.Reloaded, s.log.Logger)
	r.server = s
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- s.run(ctx, &cfg) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	r.control = must(api.NewClient("unix:"+filepath.Join(r.dir, "control.sock"), ""))
	t.Cleanup(func() {
		r.control.Close()
		r.stop()
		s.reload.close()
		s.log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the log:\n%s", text)
		}
	})
	select {
	case <-listens:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return r
}

// manage listens as a service manager does.
func (r *running) manage() {
	r.t.Helper()
	address := &net.UnixAddr{Name: filepath.Join(r.dir, "notify"), Net: "unixgram"}
	manager := must(net.ListenUnixgram("unixgram", address))
	r.t.Cleanup(func() { manager.Close() })
	r.t.Setenv("NOTIFY_SOCKET", address.Name)
	go func() {
		message := make([]byte, 4096)
		for n, err := manager.Read(message); err == nil; n, err = manager.Read(message) {
			if text := string(message[:n]); strings.HasPrefix(text, "STOPPING=1") {
				r.stopped <- text
			}
		}
	}()
}

// told returns what the manager was told when the server stopped.
func (r *running) told() string {
	r.t.Helper()
	select {
	case text := <-r.stopped:
		return text
	case <-time.After(patience):
		r.t.Fatal("the service manager was not told of the end")
		return ""
	}
}

func (r *running) file() string { return filepath.Join(r.dir, "wsbridge.toml") }

// configure writes the configuration: what the server needs, with these values.
func (r *running) configure(values map[string]string) {
	r.t.Helper()
	all := map[string]string{
		"server.listen": `"127.0.0.1:0"`, "php.events_file": fmt.Sprintf("%q", r.dir+"/events.php"), "php.workers": "2",
		"pipe.path": fmt.Sprintf("%q", r.dir+"/pipe"), "control.listen": fmt.Sprintf("%q", "unix:"+r.dir+"/control.sock"),
	}
	maps.Copy(all, values)
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s = %s\n", key, all[key])
	}
	write(r.t, r.dir, "wsbridge.toml", text.String())
}

// reload puts the configuration with these values into force.
func (r *running) reload(values map[string]string) config.Change {
	r.t.Helper()
	r.configure(values)
	change, err := r.server.reload.reload(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return change
}

// write writes a file into the server's folder, which php-fpm's user can read, and returns its path as TOML.
func write(t *testing.T, dir, name, text string) (quoted string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q", path)
}

// externalFPM starts a php-fpm with four workers that the server does not run, and returns its socket.
func externalFPM(t *testing.T) string {
	t.Helper()
	p, err := phpfpm.Start(t.Context(), phpfpm.Config{Dir: publicDir(t), Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p.Address()
}

// publicDir makes a folder that php-fpm's user can enter.
func publicDir(t *testing.T) string {
	t.Helper()
	dir := must(os.MkdirTemp("", "wsbridge-serve-"))
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyFPM copies php-fpm, which knows its path without links, into dir.
func copyFPM(t *testing.T, dir string) (path string) {
	t.Helper()
	found, err := phpfpm.Find("")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(found)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "php-fpm")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
