package operate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// findTimeout bounds the wait for one server's answer.
const findTimeout = 5 * time.Second

// findServer returns the address of the server that was started with a configuration file whose control.listen is "auto": which path
// that was depends on how the server was started, so every server of this machine is asked.
func findServer(ctx context.Context, file string) (address string, err error) {
	var others []string
	for _, path := range api.Sockets() {
		address := "unix:" + path
		err := isServerOf(ctx, address, file)
		if err == nil {
			return address, nil
		}
		if e, answered := errors.AsType[*api.Error](err); answered {
			others = append(others, fmt.Sprintf("at %s: %s", address, e))
		} else if !errors.Is(err, fs.ErrNotExist) {
			others = append(others, fmt.Sprintf("at %s: %v", address, unanswered(err)))
		}
	}
	if len(others) == 0 {
		return "", fmt.Errorf("%w of %s: there is no control socket; is wsbridge running? --control names another address", errNoServer, file)
	}
	return "", fmt.Errorf("%w of %s: %s", errNoServer, file, strings.Join(others, "; "))
}

// isServerOf returns nil if the server at the address was started with the file.
func isServerOf(ctx context.Context, address, file string) error {
	server, err := api.NewClient(address, "")
	if err != nil {
		return err
	}
	defer server.Close()
	server.For(file)
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	return server.Do(ctx, api.Call{Method: http.MethodGet, Path: "/v1/log"}, nil)
}
