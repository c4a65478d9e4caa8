package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness/selectloop"
)

// startSelectLoop runs a push server that is one PHP process around stream_select, with the echoing application.
func startSelectLoop(poll time.Duration, clients int) (*contender, error) {
	dir, err := writeApplication(echoing)
	if err != nil {
		return nil, err
	}
	cmd, log, err := runSelectLoop(dir, poll)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("select loop: %w", err), os.RemoveAll(dir))
	}
	c := &contender{name: "select loop", server: none, php: func() []int { return []int{cmd.Process.Pid} }, end: func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		return errors.Join(cmd.Wait(), os.RemoveAll(dir))
	}}
	return c.connect(log.address, clients)
}

func runSelectLoop(dir string, poll time.Duration) (*exec.Cmd, *serverLog, error) {
	cmd, err := selectloop.Command(dir, filepath.Join(dir, "server_shared.conf"), poll)
	if err != nil {
		return nil, nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	log, err := readLog(stderr, "serial")
	if err != nil {
		return nil, nil, errors.Join(err, cmd.Wait())
	}
	return cmd, log, nil
}
