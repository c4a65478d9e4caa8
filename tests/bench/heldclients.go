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
type idleClients struct {
	cmd  *exec.Cmd
	n    int
	said *bufio.Reader
}

// startIdle runs this program again as n clients, the first with that number, and returns when all are connected.
func startIdle(address string, first, n int) (*idleClients, error) {
	return startHolder(n, "-hold", strconv.Itoa(n), "-first", strconv.Itoa(first), "-at", address)
}

// startListeners is startIdle for clients that read what is broadcast.
func startListeners(address string, n int, compress bool) (*idleClients, error) {
	return startHolder(n, "-hold", strconv.Itoa(n), "-listen", fmt.Sprintf("-compress=%v", compress), "-at", address)
}

func startHolder(n int, args ...string) (*idleClients, error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	i := &idleClients{cmd, n, bufio.NewReader(out)}
	if err := i.says("connected"); err != nil {
		return nil, errors.Join(err, cmd.Wait())
	}
	return i, nil
}

func (i *idleClients) says(word string) error {
	line, err := i.said.ReadString('\n')
	if line != word+"\n" {
		return errors.Join(fmt.Errorf("idle clients: %q", line), err)
	}
	return nil
}

// heard returns when all have one more message.
func (i *idleClients) heard() error { return i.says("heard") }

func (i *idleClients) stop() {
	_ = i.cmd.Process.Kill()
	_ = i.cmd.Wait() // killed: its error says so
}

// hold is that other program.
func hold(ctx context.Context, o options) error {
	if err := allowFiles(o.hold); err != nil {
		return err
	}
	conns, err := dialWith(o.at, o.first, o.hold, o.compress)
	if err != nil {
		return err
	}
	defer hangUp(conns)
	fmt.Println("connected")
	if o.listen {
		listen(ctx, conns)
	}
	<-ctx.Done()
	return nil
}
