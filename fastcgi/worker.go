package fastcgi

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/fastcgi/exits"
)

// watchWorker ends the connection for reading when its worker ends, the process of that id as PHP knows it; 0: it is not known. Otherwise a
// program that a handler has left in the background, which has inherited the connection, would keep it open: an event would be written to
// nobody.
func (c *conn) watchWorker(pid int) {
	if pid == 0 || c.asked {
		return
	}
	c.asked = true
	if c.isWorker(pid) {
		c.worker, _ = exits.Start(pid, c.orphan) // one that has just ended closes the connection, or it is as if it were not visible
	}
}

// isWorker reports whether a process id means the same here as to PHP: the process is a child of the one that listens, or of a child of that.
func (c *conn) isWorker(pid int) bool {
	var listener *unix.Ucred
	_ = c.raw.Control(func(fd uintptr) { listener, _ = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if listener == nil || listener.Pid == 0 {
		return false
	}
	parent := parentOf(pid)
	return parent == int(listener.Pid) || parent > 1 && parentOf(parent) == int(listener.Pid)
}

// parentOf returns 0 if there is no such process.
func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // proc(5): pid (name) state ppid
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// orphan is called when the worker has ended. What it has written before can be read to its end.
func (c *conn) orphan() {
	if c.poll()&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0 {
		return // the kernel tells how it has ended
	}
	c.orphaned.Store(true)
	_ = c.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) })
}
