package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// server is a wsbridge, with its php-fpm.
type server struct {
	dir string
	cmd *exec.Cmd
	log *serverLog
	fpm *php // whose workers it uses; nil: those of its own
}

// setup is what a wsbridge is started with.
type setup struct {
	binary, source, isolation string
	workers                   int
	fpm                       *php     // nil: wsbridge's own
	env                       []string // on top of this process's
	php                       string   // more lines of the configuration's section
	journal                   string   // lines of the configuration's section, without its folder; "": no journal
}

// startServer returns when wsbridge listens. The caller stops it.
func startServer(with setup) (s *server, err error) {
	s = &server{fpm: with.fpm}
	if s.dir, err = writeApplication(with.source); err != nil {
		return nil, err
	}
	if err := s.start(with); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", with.binary, err), os.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *server) start(with setup) error {
	path := filepath.Join(s.dir, "wsbridge.toml")
	if err := os.WriteFile(path, []byte(s.config(with)), 0o644); err != nil {
		return err
	}
	s.cmd = exec.Command(with.binary, "serve", "--config", path)
	s.cmd.Env = append(os.Environ(), with.env...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if s.log, err = readLog(stderr, with.isolation); err != nil {
		return errors.Join(err, s.cmd.Wait())
	}
	return nil
}

// config has only keys that older commits know, too, unless with.php has others. Idle clients do not read, so nothing is sent to them: no pings.
func (s *server) config(with setup) string {
	config := fmt.Sprintf("[legacy]\nsettings = %q\n[server]\nping_interval = \"10h\"\npong_timeout = \"20h\"\nqueue_wait = \"10m\"\n"+
		"[isolation]\nmode = %q\n[log]\nformat = \"json\"\n[control]\nlisten = %q\n[php]\n%s", filepath.Join(s.dir, "server_shared.conf"),
		with.isolation, "unix:"+s.controlSocket(), with.php)
	if with.journal != "" {
		config = fmt.Sprintf("[journal]\ndir = %q\n%s", s.journalDir(), with.journal) + config
	}
	if with.fpm != nil {
		return config + fmt.Sprintf("fastcgi = %q\nmax_connections = %d\n", "unix:"+with.fpm.fpm.Address(), with.workers)
	}
	return config + fmt.Sprintf("workers = %d\nini = { %q = \"0\" }\n", with.workers, fileProtection)
}

// controlSocket is where the control API listens.
func (s *server) controlSocket() string { return filepath.Join(s.dir, "control.sock") }

// journalDir is the journal's folder, if there is one.
func (s *server) journalDir() string { return filepath.Join(s.dir, "journal") }

func (s *server) own() []int { return []int{s.cmd.Process.Pid} }

func (s *server) php() []int {
	if s.fpm != nil {
		return s.fpm.processes()
	}
	return children(s.cmd.Process.Pid)
}

func (s *server) stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt)
	return errors.Join(s.cmd.Wait(), os.RemoveAll(s.dir))
}

// measure drives callers that are clients of s.
func (s *server) measure(ctx context.Context, callers []call, d time.Duration) (result, error) {
	return measure(ctx, callers, d, s.own, s.php)
}

// echoes connects n clients that echo, and waits until their events run as they will from then on.
func (s *server) echoes(n int) (callers []call, hangUp func(), err error) {
	callers, hangUp, err = echoes(s.log.address, n)
	if err != nil {
		return nil, nil, err
	}
	if err := s.log.awaitParallel(callers[0]); err != nil {
		hangUp()
		return nil, nil, err
	}
	return callers, hangUp, nil
}

// withEchoes starts a wsbridge with n clients that echo, and stops it after do.
func withEchoes(with setup, n int, do func(s *server, callers []call) error) (err error) {
	s, err := startServer(with)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	callers, hangUp, err := s.echoes(n)
	if err != nil {
		return fmt.Errorf("%s: %w", with.binary, err)
	}
	defer hangUp()
	return do(s, callers)
}
