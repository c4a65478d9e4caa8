package serve

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
)

// controlSocket is the FileDescriptorName= of the socket that replaces control.listen.
const controlSocket = "control"

// sockets are those that the service manager listens on for wsbridge (socket activation, sd_listen_fds(3)): clients that connect while
// the program restarts wait instead of being refused. Where it passes none, that for clients is our own, see listenForClients, and control
// is nil.
type sockets struct{ clients, control net.Listener }

// takeSockets takes over what the service manager passed: one socket for clients, and at most one more, named "control", for
// operators. It must be called before any process is started, which would inherit them. The caller closes the sockets.
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
	use := &s.clients
	if f.Name() == controlSocket {
		use = &s.control
	}
	if _, isTCP := l.(*net.TCPListener); !isTCP && use == &s.clients {
		l.Close()
		return fmt.Errorf("socket %q of the service manager: clients come by TCP, not by %s %s", f.Name(), l.Addr().Network(), l.Addr())
	}
	if *use != nil {
		l.Close()
		return fmt.Errorf("socket %q of the service manager: %s already is one for the same use; pass one for clients, and one "+
			"with FileDescriptorName=%s at most", f.Name(), (*use).Addr(), controlSocket)
	}
	*use = l
	return nil
}

// close may be called after a server that was given a socket has closed it.
func (s *sockets) close() {
	for _, l := range []net.Listener{s.clients, s.control} {
		if l != nil {
			l.Close()
		}
	}
}

// listenForClients listens on address, unless the service manager has passed a socket for clients. Clients that connect from now on wait
// until they are accepted.
func (s *sockets) listenForClients(address string) (err error) {
	if s.clients == nil {
		s.clients, err = net.Listen("tcp", address)
	}
	return err
}
