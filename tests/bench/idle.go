package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// idleClients are clients that another process holds, so that they cost this one nothing.
type idleClients struct{ cmd *exec.Cmd }

// startIdle runs this program again as n clients, the first with that number, and returns when all are connected.
func startIdle(address string, first, n int) (*idleClients, error) {
	cmd := exec.Command("/proc/self/exe", "-hold", strconv.Itoa(n), "-first", strconv.Itoa(first), "-at", address)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "connected\n" {
		return nil, errors.Join(fmt.Errorf("idle clients: %q", line), err, cmd.Wait())
	}
	return &idleClients{cmd}, nil
}

func (i *idleClients) stop() {
	_ = i.cmd.Process.Kill()
	_ = i.cmd.Wait() // killed: its error says so
}

// hold is that other program.
func hold(ctx context.Context, o options) error {
	if err := allowFiles(o.hold); err != nil {
		return err
	}
	conns, err := dial(o.at, o.first, o.hold)
	if err != nil {
		return err
	}
	defer hangUp(conns)
	fmt.Println("connected")
	<-ctx.Done()
	return nil
}
