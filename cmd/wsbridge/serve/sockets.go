package serve

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
)

// controlSocket is the FileDescriptorName= of the socket that takes control.listen's place.
const controlSocket = "control"

// sockets are what the service manager listens at for us (socket activation, sd_listen_fds(3)): clients that come while the
// program starts anew wait instead of being refused. Nil: it does not, and the configuration says where to listen.
type sockets struct{ clients, control net.Listener }

// takeSockets takes over what the service manager passed, and must come before any process is started, which would inherit
// it. One socket is for clients; one more, named "control", may be for those who operate the server. The caller closes them.
func takeSockets() (*sockets, error) {
	s := &sockets{}
	var errs []error
	for _, f := range activation.Files(true) {
		errs = append(errs, s.take(f))
	}
	if s.control != nil && s.clients == nil {
		errs = append(errs, errors.New("the service manager passes a control socket, but none for clients"))
	}
	if err := errors.Join(errs...); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// take closes f: net.FileListener works on a copy.
func (s *sockets) take(f *os.File) error {
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return fmt.Errorf("socket %q of the service manager: want a listening stream socket (ListenStream=): %w", f.Name(), err)
	}
	place := &s.clients
	if f.Name() == controlSocket {
		place = &s.control
	}
	if _, isTCP := l.(*net.TCPListener); !isTCP && place == &s.clients {
		l.Close()
		return fmt.Errorf("socket %q of the service manager: clients come by TCP, not by %s %s", f.Name(), l.Addr().Network(), l.Addr())
	}
	if *place != nil {
		l.Close()
		return fmt.Errorf("socket %q of the service manager: %s already is one for the same use; pass one for clients, and one "+
			"with FileDescriptorName=%s at most", f.Name(), (*place).Addr(), controlSocket)
	}
	*place = l
	return nil
}

// close may be called after whoever was given a socket has closed it.
func (s *sockets) close() {
	for _, l := range []net.Listener{s.clients, s.control} {
		if l != nil {
			l.Close()
		}
	}
}

// listenForClients returns the service manager's socket if there is one, else listens at address.
func (s *sockets) listenForClients(address string) (net.Listener, error) {
	if s.clients != nil {
		return s.clients, nil
	}
	return net.Listen("tcp", address)
}
