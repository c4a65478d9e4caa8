package serve

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifyTimeout bounds the wait for a service manager that does not read. A message that it does not take in that time is lost.
const notifyTimeout = time.Second

// notifier tells the service manager that started the program about its state (sd_notify(3)). Without a service manager it does
// nothing. Its methods may be called concurrently and block for notifyTimeout at most.
type notifier struct{ log *slog.Logger }

// ready says that clients are accepted, for the first time or again after a reload.
func (n notifier) ready() { n.send(daemon.SdNotifyReady) }

// reloading says that the configuration is being read again. "systemctl reload" waits until ready is called, which it must be whether
// the reload succeeds or not. Type=notify-reload wants the time.
func (n notifier) reloading() {
	n.send(daemon.SdNotifyReloading, "MONOTONIC_USEC="+daemon.SdNotifyMonotonicUsec())
}

// stopping says that the end has begun and asks for that much time, in case TimeoutStopSec is shorter.
func (n notifier) stopping(within time.Duration) {
	n.send(daemon.SdNotifyStopping, "EXTEND_TIMEOUT_USEC="+strconv.FormatInt(within.Microseconds(), 10))
}

// status sets the line that "systemctl status" shows.
func (n notifier) status(text string) { n.send("STATUS=" + strings.ReplaceAll(text, "\n", " ")) }

// alive feeds the manager's watchdog.
func (n notifier) alive() { n.send(daemon.SdNotifyWatchdog) }

// mainProcess says which process is the service's main one from now on. Only this one may say so (NotifyAccess=main), and the manager must have
// heard it before this one ends, or it would end the service. So it blocks until the manager has read it (sd_notify_barrier(3)), which one before
// version 246 never says, for notifyTimeout at most.
func (n notifier) mainProcess(pid int) {
	n.send("MAINPID=" + strconv.Itoa(pid))
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	if err := awaitRead(socket); err != nil {
		n.log.Warn("the service manager may not know the new main process", "error", err)
	}
}

// awaitRead passes one end of a pipe, which the manager closes when it has read all before it.
func awaitRead(socket string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	err = sendDatagram(socket, "BARRIER=1", int(w.Fd()))
	w.Close()
	if err != nil {
		return err
	}
	if err := r.SetReadDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// send sends one datagram. The library's own SdNotify has no time limit: a service manager that hangs would delay the drain.
func (n notifier) send(lines ...string) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	if err := sendDatagram(socket, strings.Join(lines, "\n")); err != nil {
		n.log.Warn("the service manager was not told", "message", lines[0], "error", err)
	}
}

func sendDatagram(socket, message string, files ...int) error {
	address := &net.UnixAddr{Net: "unixgram", Name: socket} // both net and systemd write "@" at the start of an abstract name
	conn, err := net.DialUnix("unixgram", nil, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	if len(files) == 0 {
		_, err = conn.Write([]byte(message))
		return err
	}
	raw, err := conn.SyscallConn() // package net sends files on datagram sockets only that are not connected
	if err != nil {
		return err
	}
	if waitErr := raw.Write(func(fd uintptr) bool {
		err = syscall.Sendmsg(int(fd), []byte(message), syscall.UnixRights(files...), nil, 0)
		return err != syscall.EAGAIN
	}); waitErr != nil {
		return waitErr
	}
	return os.NewSyscallError("sendmsg", err)
}

// announcedListener tells the service manager when the first client can be accepted, and when no client will be accepted any more
// because a drain has begun.
type announcedListener struct {
	net.Listener
	notify   notifier
	stopTime func() time.Duration // how long the end may take
	started  sync.Once
	ended    sync.Once

	handedOver func() bool // another process serves
}

// SetDeadline ends Accept at that time, so that a hand-over can stop it.
func (l *announcedListener) SetDeadline(t time.Time) error {
	d, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return d.SetDeadline(t)
}

func (l *announcedListener) Accept() (net.Conn, error) {
	l.started.Do(l.notify.ready)
	return l.Listener.Accept()
}

func (l *announcedListener) Close() error {
	l.ended.Do(func() {
		if !l.handedOver() { // else the service goes on
			l.notify.stopping(l.stopTime())
		}
	})
	return l.Listener.Close()
}
