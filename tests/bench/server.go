package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// server is the program measured, with its own php-fpm.
type server struct {
	dir     string
	cmd     *exec.Cmd
	address string
	php     []int // its php-fpm's processes
}

// startServer returns when wsbridge listens. The caller stops it.
func startServer(binary, source, isolation string) (s *server, err error) {
	s = &server{}
	if s.dir, err = writeApplication(source); err != nil {
		return nil, err
	}
	if err := s.start(binary, isolation); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	s.php = children(s.cmd.Process.Pid)
	return s, nil
}

func (s *server) start(binary, isolation string) error {
	// Idle clients do not read, so nothing is sent to them: no pings.
	config := fmt.Sprintf("[legacy]\nsettings = %q\n[server]\nping_interval = \"10h\"\npong_timeout = \"20h\"\nqueue_wait = \"10m\"\n"+
		"[isolation]\nmode = %q\n[php]\nworkers = %d\nini = { %q = \"0\" }\n[log]\nformat = \"json\"\n",
		filepath.Join(s.dir, "server_shared.conf"), isolation, workers, fileProtection)
	path := filepath.Join(s.dir, "wsbridge.toml")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return err
	}
	s.cmd = exec.Command(binary, "serve", "--config", path)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.waitListening(bufio.NewScanner(stderr))
}

func (s *server) waitListening(lines *bufio.Scanner) error {
	var said []string
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			s.address = line.Address
			go func() { // ends with the program, whose log nobody needs any more
				for lines.Scan() {
					continue
				}
			}()
			return nil
		}
		said = append(said, lines.Text())
	}
	return errors.Join(fmt.Errorf("wsbridge did not start: %s", strings.Join(said, "\n")), s.cmd.Wait())
}

func (s *server) stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt)
	return errors.Join(s.cmd.Wait(), os.RemoveAll(s.dir))
}

// measure drives the callers, clients of s.
func (s *server) measure(ctx context.Context, callers []call, d time.Duration) (r result, err error) {
	used := []time.Duration{cpu(os.Getpid()), cpuOf(s.cmd.Process.Pid), cpuOfAll(s.php)}
	took, length, err := drive(ctx, callers, d)
	if err != nil {
		return r, err
	}
	r.rate, r.p50, r.p99 = took.summary(length)
	events := time.Duration(took.count())
	r.load = (cpu(os.Getpid()) - used[0]) / events
	r.bridge = (cpuOf(s.cmd.Process.Pid) - used[1]) / events
	r.php = (cpuOfAll(s.php) - used[2]) / events
	return r, nil
}

// measureServer echoes through wsbridge.
func measureServer(ctx context.Context, o options, isolation string) (r result, err error) {
	s, err := startServer(o.binary, echoing, isolation)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	conns, err := dial(s.address, 0, o.clients)
	if err != nil {
		return r, err
	}
	defer hangUp(conns)
	var callers []call
	for _, conn := range conns {
		callers = append(callers, echo(conn))
	}
	if r, err = s.measure(ctx, callers, o.duration); err != nil {
		return r, err
	}
	one, length, err := drive(ctx, callers[:1], o.duration/2)
	_, r.single, _ = one.summary(length)
	return r, err
}
