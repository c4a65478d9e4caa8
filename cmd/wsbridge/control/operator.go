package control

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// operator is who has sent a request.
type operator struct {
	name string // of the token, or the user id that has opened the unix socket, after unixUser; empty: not known
	role config.Role
}

// unixUser begins the names of operators at a unix socket. No token can have such a name.
const unixUser = "unix:"

// String returns the name for the log, with the name of a user instead of the number, where the system knows it.
func (o operator) String() string {
	if id, ok := cutUnixUser(o.name); ok {
		if u, err := user.LookupId(id); err == nil {
			return unixUser + u.Username
		}
	}
	return o.name
}

// isServer reports whether it is root, or the server's own user, at the unix socket: who could do without the server what that does for them.
func (o operator) isServer() bool {
	id, ok := cutUnixUser(o.name)
	return ok && (id == "0" || id == strconv.Itoa(os.Geteuid()))
}

func cutUnixUser(name string) (id string, ok bool) {
	if len(name) <= len(unixUser) || name[:len(unixUser)] != unixUser {
		return "", false
	}
	return name[len(unixUser):], true
}

type operatorKey struct{}

func withOperator(ctx context.Context, o operator) context.Context {
	return context.WithValue(ctx, operatorKey{}, o)
}

// operatorOf returns who has sent a request: nobody who is known, unless withOperator says so.
func operatorOf(r *http.Request) operator {
	o, _ := r.Context().Value(operatorKey{}).(operator)
	return o
}

// peer returns who has opened a connection to a unix socket, who may do everything (unix(7), SO_PEERCRED).
func peer(c net.Conn) operator {
	o := operator{name: unixUser + "?", role: config.RoleOperate}
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return operator{}
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return o
	}
	_ = raw.Control(func(fd uintptr) { // it fails only on a connection that has ended
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			o.name = unixUser + strconv.FormatUint(uint64(peer.Uid), 10)
		}
	})
	return o
}
