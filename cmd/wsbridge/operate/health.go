package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

const (
	healthTimeout  = 10 * time.Second       // bounds the wait for an answer
	healthInterval = 200 * time.Millisecond // how often a server that starts is asked
)

func newHealth() *command {
	var wait time.Duration
	c := &command{Command: cobra.Command{
		Use:   "health",
		Short: "Tell by the exit code whether the server takes clients",
		Long: `Asks whether php-fpm answers and no shutdown has begun, as a health check does.

Exit codes: 0 it takes clients, 1 it does not or is not there, 2 wrong use.`,
		Example: `  wsbridge health --config /etc/wsbridge/wsbridge.toml
  wsbridge health --wait 60s`,
		Args: Arguments(0, 0),
	}}
	c.Flags().DurationVar(&wait, "wait", 0, "how much `TIME` a server that starts has until it takes clients, such as 60s")
	c.RunE = func(*cobra.Command, []string) error {
		over := time.Now().Add(wait)
		for {
			err := c.askHealth()
			if err == nil || !mayPass(err) || time.Now().After(over) {
				return err
			}
			select {
			case <-time.After(healthInterval):
			case <-c.Context().Done():
				return c.interrupted()
			}
		}
	}
	return c
}

func (c *command) askHealth() error {
	return c.ask(func(ctx context.Context, server *api.Client) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		if err := server.Do(ctx, api.Call{Method: http.MethodGet, Path: "/readyz"}, nil); err != nil {
			return err
		}
		return c.publish(api.Done{"ready": true}, func(out io.Writer) { fmt.Fprintln(out, "ready") })
	})
}

// mayPass reports whether a server that is not there, or not ready, may be in a moment.
func mayPass(err error) bool {
	e, answered := errors.AsType[*api.Error](err)
	return errors.Is(err, errNoServer) || answered && e.Status == http.StatusServiceUnavailable
}
