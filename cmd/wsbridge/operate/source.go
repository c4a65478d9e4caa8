package operate

import (
	"cmp"
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

// source says where the server is reached.
type source struct {
	control, tokenFile, config string

	address string // found by client
}

func (s *source) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.control, "control", "", "`ADDRESS` of the server: unix:/path, host:port or a URL; $"+addressEnv)
	flags.StringVar(&s.tokenFile, "token-file", "", "`FILE` with the token that TCP needs; $"+tokenFileEnv)
	flags.StringVar(&s.config, "config", "", "the server's TOML `FILE`, which says both")
}

// client returns a client of the server that the flags name, or the configuration, or the environment; else of the server whose socket
// is where serve makes it by default. The caller closes it.
func (s *source) client() (*api.Client, error) {
	address, tokenFile := cmp.Or(s.control, os.Getenv(addressEnv)), cmp.Or(s.tokenFile, os.Getenv(tokenFileEnv))
	if s.config != "" {
		cfg, err := config.Load(config.Sources{Config: s.config})
		if err != nil {
			return nil, err
		}
		address, tokenFile = cmp.Or(s.control, bestOf(cfg.Control.Listen)), cmp.Or(s.tokenFile, cfg.Control.TokenFile)
		if address == "" {
			return nil, fmt.Errorf("%s: control.listen is empty, so that nobody can ask the server anything", s.config)
		}
	}
	s.address = address
	if address == "" || address == config.AutoAddress {
		s.address = "unix:" + api.FindSocket()
	}
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
	isSocket := func(address string) bool { return strings.HasPrefix(address, "unix:") }
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
		if e.Event != nil {
			return errors.New(withPlace(e.Text, e.Event.File, e.Event.Line))
		}
		return err
	}
	why := err
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		why = errno
	}
	return fmt.Errorf("no server at %s: %w%s", s.address, why, advice(err))
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
