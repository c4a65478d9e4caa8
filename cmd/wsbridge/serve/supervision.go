package serve

import (
	"errors"
	"os"
	"strconv"

	"github.com/coreos/go-systemd/v22/util"
)

var (
	errFirst = errors.New("wsbridge is process 1 here, so the container ends with it, and no other process can take its place: " +
		"start a second container behind the proxy before this one is stopped, or restart it")
	errOfFirst = errors.New("process 1 has started wsbridge here, as an init does in a container (docker run --init, tini), and ends when " +
		"wsbridge ends, whatever process has taken its place: start a second container behind the proxy before this one is stopped, or restart it")
	errOfUnit = errors.New("systemd has started wsbridge, and ends the service when wsbridge ends, whatever process has taken its place: " +
		"the unit needs Type=notify, with which systemd is told the new main process")
)

// supervision is what waits for the end of this process, and would take it for the end of the service. A process that has taken over from
// another one was started by that, so only the first of a service has any.
type supervision struct {
	isFirst    bool // this is process 1
	ofFirst    bool // process 1 has started this one, and is no systemd
	ofUnit     bool // systemd has started this one
	isNotified bool // systemd is told which process is the main one
}

// findSupervision has to be called at the start: later the process that has started this one may have ended.
func findSupervision() supervision {
	pid := strconv.Itoa(os.Getpid())
	ofFirst := os.Getppid() == 1
	ofUnit := util.IsRunningSystemd() && (ofFirst || os.Getenv("SYSTEMD_EXEC_PID") == pid) // systemd.exec(5), since version 248
	return supervision{isFirst: pid == "1", ofFirst: ofFirst && !ofUnit, ofUnit: ofUnit, isNotified: os.Getenv("NOTIFY_SOCKET") != ""}
}

// refusal returns why no other process can take the place of this one, or nil.
func (v supervision) refusal() error {
	switch {
	case v.isFirst:
		return errFirst
	case v.ofFirst:
		return errOfFirst
	case v.ofUnit && !v.isNotified:
		return errOfUnit
	}
	return nil
}
