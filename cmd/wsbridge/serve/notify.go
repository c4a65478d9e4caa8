package serve

import (
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// notifyTimeout bounds the wait for a service manager that does not read. What it has not taken by then is lost.
const notifyTimeout = time.Second

// notifier tells the service manager that started the program how it is (sd_notify(3)). Without one it says nothing. Its
// methods may be called concurrently and block for notifyTimeout at most.
type notifier struct{ log *slog.Logger }

// ready says that clients are accepted, for the first time or again after reloading.
func (n notifier) ready() { n.say(daemon.SdNotifyReady) }

// reloading says that the configuration is being read anew. ready ends it, however the reload has ended: until then
// "systemctl reload" waits. The time is what Type=notify-reload wants to know.
func (n notifier) reloading() {
	n.say(daemon.SdNotifyReloading, "MONOTONIC_USEC="+daemon.SdNotifyMonotonicUsec())
}

// stopping says that the end has begun, and asks for the time it may take where TimeoutStopSec is shorter.
func (n notifier) stopping(within time.Duration) {
	n.say(daemon.SdNotifyStopping, "EXTEND_TIMEOUT_USEC="+strconv.FormatInt(within.Microseconds(), 10))
}

// status sets the line that "systemctl status" shows.
func (n notifier) status(text string) { n.say("STATUS=" + strings.ReplaceAll(text, "\n", " ")) }

// alive feeds the manager's watchdog.
func (n notifier) alive() { n.say(daemon.SdNotifyWatchdog) }

// say sends one datagram. The library's own SdNotify has no time limit, and would hold up the drain behind a service manager
// that hangs.
func (n notifier) say(lines ...string) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	if err := sendDatagram(socket, strings.Join(lines, "\n")); err != nil {
		n.log.Warn("the service manager was not told", "message", lines[0], "error", err)
	}
}

func sendDatagram(socket, message string) error {
	conn, err := net.Dial("unixgram", socket) // "@" begins an abstract name here, as it does there
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}

// announce returns l, and tells the service manager when its first client can be accepted, and when it is closed: a drain has
// begun then, which takes as long as within says at that time.
func (n notifier) announce(l net.Listener, within func() time.Duration) net.Listener {
	return &announced{Listener: l, notify: n, within: within}
}

// stopTime is how long the end may take: the drain, ws_server_shutdown, ws_server_finalize, and php-fpm's own end.
func stopTime(cfg *config.Config) time.Duration {
	const margin = 15 * time.Second
	return cfg.Server.DrainTimeout.Std() + 2*cfg.PHP.Timeout.Std() + margin
}

type announced struct {
	net.Listener
	notify  notifier
	within  func() time.Duration
	started sync.Once
	ended   sync.Once
}

func (a *announced) Accept() (net.Conn, error) {
	a.started.Do(a.notify.ready)
	return a.Listener.Accept()
}

func (a *announced) Close() error {
	a.ended.Do(func() { a.notify.stopping(a.within()) })
	return a.Listener.Close()
}
