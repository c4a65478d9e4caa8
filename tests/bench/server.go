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
	"time"
)

// application is the echo that everything measured runs.
const application = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
`

// writeApplication puts the application and its settings into a folder that php-fpm's user can read.
func writeApplication() (dir string, err error) {
	dir, err = os.MkdirTemp("", "wsbridge-bench-")
	if err != nil {
		return "", err
	}
	settings := fmt.Sprintf("WEBSOCKET_LISTENING_ADDRESS=127.0.0.1\nWEBSOCKET_LISTENING_PORT=0\nWEBSOCKET_XHR_PIPE_FILE=%s/pipe\n"+
		"WEBSOCKET_EVENTS_INCLUDE_FILE=%s/push_server_events.php\n", dir, dir)
	return dir, errors.Join(os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "push_server_events.php"), []byte(application), 0o644),
		os.WriteFile(filepath.Join(dir, "server_shared.conf"), []byte(settings), 0o644))
}

// measureServer echoes through wsbridge with its own php-fpm.
func measureServer(ctx context.Context, o options, isolation string) (r result, err error) {
	dir, err := writeApplication()
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	cmd, address, err := startServer(o.binary, dir, isolation)
	if err != nil {
		return r, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		err = errors.Join(err, cmd.Wait())
	}()
	conns, err := dial(address, o.clients)
	if err != nil {
		return r, err
	}
	defer hangUp(conns)
	var callers []call
	for _, conn := range conns {
		callers = append(callers, echo(conn))
	}
	php := children(cmd.Process.Pid)
	used := []time.Duration{cpu(os.Getpid()), cpuOf(cmd.Process.Pid), cpuOfAll(php)}
	took, length, err := drive(ctx, callers, o.duration)
	if err != nil {
		return r, err
	}
	r.rate, r.p50, r.p99 = took.summary(length)
	events := time.Duration(r.rate * length.Seconds())
	r.load = (cpu(os.Getpid()) - used[0]) / events
	r.bridge = (cpuOf(cmd.Process.Pid) - used[1]) / events
	r.php = (cpuOfAll(php) - used[2]) / events
	one, length, err := drive(ctx, callers[:1], o.duration/2)
	_, r.single, _ = one.summary(length)
	return r, err
}

// startServer returns when wsbridge listens.
func startServer(binary, dir, isolation string) (cmd *exec.Cmd, address string, err error) {
	config := fmt.Sprintf("[legacy]\nsettings = %q\n[isolation]\nmode = %q\n[php]\nworkers = %d\n[log]\nformat = \"json\"\n",
		filepath.Join(dir, "server_shared.conf"), isolation, workers)
	path := filepath.Join(dir, "wsbridge.toml")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return nil, "", err
	}
	cmd = exec.Command(binary, "serve", "--config", path)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			go func() { // ends with the program, whose log nobody needs any more
				for lines.Scan() {
					continue
				}
			}()
			return cmd, line.Address, nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, "", errors.Join(errors.New("wsbridge did not start"), cmd.Wait())
}
