package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"
)

// heldClients are clients that another process holds, so that they cost this one nothing.
type heldClients struct {
	cmd    *exec.Cmd
	output *bufio.Reader
}

// holdIdle runs this program again as n idle clients, the first with that number, and returns when all are connected.
func holdIdle(address string, first, n int) (*heldClients, error) {
	return startHolder("-hold", strconv.Itoa(n), "-first", strconv.Itoa(first), "-at", address)
}

// holdListeners is holdIdle for clients that read what is broadcast.
func holdListeners(address string, n int, compress bool) (*heldClients, error) {
	return startHolder("-hold", strconv.Itoa(n), "-listen", fmt.Sprintf("-compress=%v", compress), "-at", address)
}

func startHolder(args ...string) (*heldClients, error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	h := &heldClients{cmd, bufio.NewReader(out)}
	if err := h.await("connected"); err != nil {
		return nil, errors.Join(err, cmd.Wait())
	}
	return h, nil
}

func (h *heldClients) await(word string) error {
	line, err := h.output.ReadString('\n')
	if line != word+"\n" {
		return errors.Join(fmt.Errorf("clients of another process: got %q, want %q", line, word), err)
	}
	return nil
}

// heard returns when all have one more message.
func (h *heldClients) heard() error { return h.await("heard") }

func (h *heldClients) stop() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait() // killed: its error says so
}

// holdOptions are those of the other process.
type holdOptions struct {
	clients, first   int
	listen, compress bool
	address          string
}

func (o *holdOptions) flags() {
	flag.IntVar(&o.clients, "hold", 0, "only hold `clients` open, for the other measurements")
	flag.IntVar(&o.first, "first", 0, "`number` of the first of them")
	flag.BoolVar(&o.listen, "listen", false, "they read, and tell when all have a message")
	flag.BoolVar(&o.compress, "compress", false, "they offer compression")
	flag.StringVar(&o.address, "at", "", "`address` to hold them at")
}

// hold is the other process.
func hold(ctx context.Context, o options) error {
	if err := allowFiles(o.hold.clients); err != nil {
		return err
	}
	conns, err := dial(o.hold.address, o.hold.first, o.hold.clients, o.hold.compress)
	if err != nil {
		return err
	}
	defer hangUp(conns)
	fmt.Println("connected")
	if o.hold.listen {
		listen(ctx, conns)
	}
	<-ctx.Done()
	return nil
}

// listen reads until ctx ends, and tells each time when all clients have one more message.
func listen(ctx context.Context, conns []*websocket.Conn) {
	var messages atomic.Int64
	var group sync.WaitGroup
	for _, conn := range conns {
		group.Go(func() {
			for {
				if _, _, err := conn.NextReader(); err != nil { // the rest of a message is skipped
					return
				}
				if messages.Add(1)%int64(len(conns)) == 0 {
					fmt.Println("heard")
				}
			}
		})
	}
	<-ctx.Done()
	hangUp(conns)
	group.Wait()
}
