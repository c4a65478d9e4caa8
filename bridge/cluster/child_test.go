package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A child is this program as another machine, in which it plays the lock game until its input ends: so it can be frozen and killed.
const childVariable = "CLUSTER_TEST_CHILD" // the URL

func runChild() int {
	if err := playAsChild(os.Getenv(childVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func playAsChild(url string) error {
	a, err := ParseAddress(url)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	engine := OpenRedis(a, "test")
	defer engine.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	m, err := Start(ctx, engine, Options{Lease: time.Second, Settle: time.Millisecond, MaxLog: 1 << 30, Logger: log})
	if err != nil {
		return err
	}
	fmt.Println(m.Identity().Number)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	p := &player{Member: m, last: 1 << 30}
	if err := p.play(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	leaving, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	return m.Close(leaving)
}

type child struct {
	tb     testing.TB
	number uint64
	cmd    *exec.Cmd
	input  io.Closer
}

func startChild(tb testing.TB, url string) *child {
	tb.Helper()
	c := &child{tb: tb, cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childVariable+"="+url)
	c.cmd.Stderr = tb.Output()
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	input, err1 := c.cmd.StdinPipe()
	output, err2 := c.cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c.input = input
	tb.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	if c.number, err = strconv.ParseUint(strings.TrimSpace(line), 10, 64); err != nil {
		tb.Fatal(err)
	}
	return c
}

func (c *child) signal(sig syscall.Signal) {
	c.tb.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		c.tb.Fatal(err)
	}
}

// stop ends it in an orderly way.
func (c *child) stop() {
	c.tb.Helper()
	_ = c.input.Close()
	if err := c.cmd.Wait(); err != nil {
		c.tb.Errorf("machine %d: %v", c.number, err)
	}
}
