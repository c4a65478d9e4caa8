package handover

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Env is the environment variable that names the descriptor of the channel to the process that is to take over.
const Env = "WSBRIDGE_HANDOVER"

// Inherited returns the channel that the environment names, or nil if it names none. It removes the variable and keeps the descriptor from
// processes that are started later, so it must be called before any is. The caller closes the channel.
func Inherited() (*Channel, error) {
	value, ok := os.LookupEnv(Env)
	if !ok {
		return nil, nil
	}
	if err := os.Unsetenv(Env); err != nil {
		return nil, err
	}
	fd, err := strconv.Atoi(value)
	if err == nil {
		err = checkInherited(fd)
	}
	if err != nil {
		return nil, fmt.Errorf("%s=%s: only wsbridge itself sets it, for the process that takes over: %w", Env, value, err)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("%s=%s: %w", Env, value, err)
	}
	return newChannel(os.NewFile(uintptr(fd), "handover"))
}

// checkInherited returns what speaks against fd being a half of a pair that our parent has made.
func checkInherited(fd int) error {
	const standardStreams = 3
	if fd < standardStreams {
		return fmt.Errorf("descriptor %d is a standard stream", fd)
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return fmt.Errorf("it is no socket: %w", err)
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return err
	}
	if domain != unix.AF_UNIX || kind != unix.SOCK_STREAM {
		return fmt.Errorf("it is a socket of domain %d and type %d, not a unix stream", domain, kind)
	}
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return err
	}
	if parent := os.Getppid(); int(peer.Pid) != parent {
		return fmt.Errorf("process %d has made it, not our parent, which is %d", peer.Pid, parent)
	}
	return nil
}
