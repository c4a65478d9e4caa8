package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// child is another program that runs in a folder with its configuration and its log.
type child struct {
	dir     string
	cmd     *exec.Cmd
	ended   chan struct{}
	err     error // why it ended
	address string
}

// patience is how long to wait for a program that starts or ends.
const patience = 20 * time.Second

// newChild makes the folder and writes files into it, by name. The caller starts the child, which removes the folder when it stops.
func newChild(files func(c *child) map[string]string) (c *child, err error) {
	c = &child{ended: make(chan struct{})}
	if c.address, err = freeAddress(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "wsbridge-bench-"); err != nil {
		return nil, err
	}
	if err = os.Chmod(c.dir, 0o755); err == nil { // php-fpm's user reads there
		for name, content := range files(c) {
			err = errors.Join(err, os.WriteFile(c.path(name), []byte(content), 0o644))
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	return c, nil
}

func (c *child) path(name string) string { return filepath.Join(c.dir, name) }

// start runs the program until stop, and returns when ready succeeds.
func (c *child) start(ready func() error, name string, args ...string) error {
	if err := c.run(name, args...); err != nil {
		return errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.await(ready); err != nil {
		log, _ := os.ReadFile(c.path("log"))
		return errors.Join(fmt.Errorf("start %s: %w: %s", name, err, log), c.stop())
	}
	return nil
}

func (c *child) run(name string, args ...string) error {
	path, err := findProgram(name)
	if err != nil {
		return err
	}
	log, err := os.Create(c.path("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command(path, args...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, log, log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	go func() { // ends with the program, which stop waits for
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return nil
}

func (c *child) await(ready func() error) (err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-c.ended:
			return fmt.Errorf("ended: %w", c.err)
		case <-tick.C:
			if err = ready(); err == nil {
				return nil
			}
		}
	}
	return err
}

// accepts reports whether the child's address takes connections.
func (c *child) accepts() error {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (c *child) tree() []int { return append(children(c.cmd.Process.Pid), c.cmd.Process.Pid) }

// stop ends the program and its children, and removes its folder.
func (c *child) stop() error {
	tree := c.tree()
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(patience):
	}
	for _, pid := range slices.DeleteFunc(tree, gone) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-c.ended
	return os.RemoveAll(c.dir)
}

func gone(pid int) bool { return syscall.Kill(pid, 0) != nil }

// findProgram looks in PATH, then where Debian keeps programs that only root is supposed to run.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	return path, err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
