package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// Environment variables stand for flags that would be repeated with each command.
const (
	addressEnv   = "WSBRIDGE_CONTROL"
	tokenFileEnv = "WSBRIDGE_TOKEN_FILE"
)

// Errors of the way to the server.
var (
	errNoControl = errors.New("control.listen is empty, so that nobody can ask the server anything")
	errNoServer  = errors.New("no server")
)

// source says where the server is reached.
type source struct {
	control, tokenFile, config string
	strict                     bool // the whole file has to be right, not only what says where the server is

	failed  func(error) error // marks an error of the server, or of the way to it; any other is wrong use
	address string            // found by client
	warn    func(string)      // called once with each mistake in the file that does not matter
}

func (s *source) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.control, "control", "", "`ADDRESS` of the server: unix:/path, host:port or a URL; $"+addressEnv)
	flags.StringVar(&s.tokenFile, "token-file", "", "`FILE` with the token that TCP needs; $"+tokenFileEnv)
	flags.StringVar(&s.config, "config", "", "the server's TOML `FILE`, which says both; no other server is asked")
}

// client returns a client of the server that the flags name, or the configuration, or the environment; else of the server whose socket
// is where serve makes it by default. With --config and without --control, only the server of that file does what it is asked. The caller
// closes the client.
func (s *source) client(ctx context.Context) (server *api.Client, err error) {
	address, tokenFile := cmp.Or(s.control, os.Getenv(addressEnv)), cmp.Or(s.tokenFile, os.Getenv(tokenFileEnv))
	file := ""
	if s.config != "" {
		access, err := s.access()
		if err != nil {
			return nil, err
		}
		address, tokenFile = cmp.Or(s.control, bestOf(access.Listen)), cmp.Or(s.tokenFile, access.TokenFile)
		if address == "" {
			return nil, fmt.Errorf("%s: %w", s.config, errNoControl)
		}
		if s.control == "" {
			file = config.Absolute(".", s.config)
		}
	}
	s.address = address
	switch {
	case address != "" && address != config.AutoAddress:
	case file != "":
		if s.address, err = findServer(ctx, file); err != nil {
			return nil, s.failed(err)
		}
	default:
		s.address = "unix:" + api.FindSocket()
	}
	server, err = s.connect(tokenFile)
	if err == nil {
		server.For(file)
	}
	return server, err
}

// access returns what the file says about the access to its server.
func (s *source) access() (config.Control, error) {
	if s.strict {
		cfg, err := config.Load(config.Sources{Config: s.config})
		return cfg.Control, err
	}
	access, mistakes, err := config.LoadControl(s.config)
	if s.warn != nil {
		for _, mistake := range mistakes {
			s.warn(mistake)
		}
		s.warn = nil
	}
	return access, err
}

// connect returns a client for the address, with the token if it needs one.
func (s *source) connect(tokenFile string) (*api.Client, error) {
	token := ""
	if tokenFile != "" && !strings.HasPrefix(s.address, "unix:") {
		var err error
		if token, err = api.ReadToken(tokenFile); err != nil {
			return nil, fmt.Errorf("read token: %w", err)
		}
	}
	return api.NewClient(s.address, token)
}

// bestOf returns the best of a configuration's addresses: a socket needs no token.
func bestOf(listen config.Addresses) string {
	isSocket := func(address string) bool { return address == config.AutoAddress || strings.HasPrefix(address, "unix:") }
	if i := slices.IndexFunc(listen, isSocket); i >= 0 {
		return listen[i]
	}
	if len(listen) > 0 {
		return listen[0]
	}
	return ""
}

// advise adds to an error what can be done about it.
func (s *source) advise(err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		if e.Status == http.StatusUnauthorized {
			return fmt.Errorf("%w: name the token's file with --token-file", err)
		}
		if e.Status == http.StatusMisdirectedRequest {
			return fmt.Errorf("%w of that file at %s: %w; --control asks it all the same", errNoServer, s.address, err)
		}
		if e.Event != nil {
			return errors.New(withPlace(e.Text, e.Event.File, e.Event.Line))
		}
		return err
	}
	return fmt.Errorf("%w at %s: %w", errNoServer, s.address, unanswered(err))
}

// unanswered returns why there was no answer, and what can be done.
func unanswered(err error) error {
	why := err
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		why = errno
	}
	return fmt.Errorf("%w%s", why, advice(err))
}

// advice returns what can be done if there was no answer.
func advice(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ": is wsbridge running, with that address in its control.listen? --control or --config names another"
	case errors.Is(err, fs.ErrPermission):
		return ": the socket is for its owner, and for control.group: try sudo"
	case errors.Is(err, syscall.ECONNREFUSED):
		return ": nobody listens there any more"
	}
	return ""
}
