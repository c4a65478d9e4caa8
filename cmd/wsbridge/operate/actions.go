package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func newPause() *command {
	c := &command{Command: cobra.Command{
		Use:   "pause",
		Short: "Let events wait: no handler begins until resume",
		Long: `Lets running handlers end and everything else wait: clients stay connected, their pings are
answered, and their messages wait within the bounds of the configuration. For work that no
handler may see half done, such as a change of the database.`,
		Example: `  wsbridge pause`,
	}}
	return asks(c, always(http.MethodPost, "/v1/pause"), say("paused: events wait for wsbridge resume"))
}

func newResume() *command {
	c := &command{Command: cobra.Command{
		Use:     "resume",
		Short:   "End a pause",
		Example: `  wsbridge resume`,
	}}
	return asks(c, always(http.MethodPost, "/v1/resume"), say("events run"))
}

func newReload() *command {
	c := &command{Command: cobra.Command{
		Use:   "reload",
		Short: "Read the configuration again, without dropping a client",
		Long: `Reads the configuration and the certificate again, as SIGHUP does, and says what has changed
and what needs a restart. If anything is wrong with them, nothing changes.`,
		Example: `  wsbridge reload`,
	}}
	return asks(c, always(http.MethodPost, "/v1/reload"), writeReloaded)
}

func writeReloaded(out io.Writer, r *api.Reloaded) {
	if len(r.Applied)+len(r.Restart) == 0 {
		fmt.Fprintln(out, "nothing has changed")
	}
	for _, list := range [...]struct {
		title string
		keys  []string
	}{{"changed", r.Applied}, {"for new clients only", r.NewClients}, {"after a restart", r.Restart}} {
		if len(list.keys) > 0 {
			fmt.Fprintf(out, "%s: %s\n", list.title, strings.Join(list.keys, ", "))
		}
	}
}

// drainInterval is how often a server that shuts down is asked whether it still runs.
const drainInterval = 100 * time.Millisecond

func newDrain() *command {
	wait := false
	c := &command{Command: cobra.Command{
		Use:   "drain",
		Short: "Shut the server down",
		Long: `Shuts the server down as SIGTERM does: no client is accepted any more, queued events run, and
every client gets its close event and is closed with 1001.`,
		Example: `  wsbridge drain --wait`,
		Args:    Arguments(0, 0),
	}}
	c.Flags().BoolVar(&wait, "wait", false, "return when it has ended")
	c.RunE = func(*cobra.Command, []string) error {
		return c.ask(func(ctx context.Context, server *api.Client) error {
			done, err := api.Ask[api.Done](ctx, server, api.Call{Method: http.MethodPost, Path: "/v1/drain"})
			text := "the server is shutting down"
			if err == nil && wait {
				err, text = awaitEnd(ctx, server), "the server has ended"
			}
			if err != nil {
				return err
			}
			return c.publish(done, func(out io.Writer) { fmt.Fprintln(out, text) })
		})
	}
	return c
}

// awaitEnd blocks until the server does not answer any more, which its drain_timeout bounds, or until ctx ends.
func awaitEnd(ctx context.Context, server *api.Client) error {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		err := server.Do(ctx, api.Call{Method: http.MethodGet, Path: "/healthz"}, nil)
		if _, answered := errors.AsType[*api.Error](err); err != nil && !answered && ctx.Err() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func newLog() *command {
	c := &command{Command: cobra.Command{
		Use:       "log [LEVEL]",
		Short:     "Show or change the level of the log",
		Long:      `Shows the level of the server's log, or changes it until the next reload or restart.`,
		Example:   `  wsbridge log debug`,
		Args:      Arguments(0, 1),
		ValidArgs: []string{"debug", "info", "warn", "error"},
	}}
	return asks(c, func(args []string) (api.Call, error) {
		if len(args) == 0 {
			return api.Call{Method: http.MethodGet, Path: "/v1/log"}, nil
		}
		body, err := json.Marshal(api.Log{Level: args[0]})
		return api.Call{Method: http.MethodPut, Path: "/v1/log", Type: "application/json", Body: body}, err
	}, func(out io.Writer, l *api.Log) { fmt.Fprintln(out, l.Level) })
}

// healthTimeout bounds the wait for an answer.
const healthTimeout = 10 * time.Second

func newHealth() *command {
	c := &command{Command: cobra.Command{
		Use:   "health",
		Short: "Tell by the exit code whether the server takes clients",
		Long: `Asks whether php-fpm answers and no shutdown has begun, as a health check does.

Exit codes: 0 it takes clients, 1 it does not or is not there, 2 wrong use.`,
		Example: `  wsbridge health --config /etc/wsbridge/wsbridge.toml`,
		Args:    Arguments(0, 0),
	}}
	c.RunE = func(*cobra.Command, []string) error {
		return c.ask(func(ctx context.Context, server *api.Client) error {
			ctx, cancel := context.WithTimeout(ctx, healthTimeout)
			defer cancel()
			if err := server.Do(ctx, api.Call{Method: http.MethodGet, Path: "/readyz"}, nil); err != nil {
				return err
			}
			return c.publish(api.Done{"ready": true}, func(out io.Writer) { fmt.Fprintln(out, "ready") })
		})
	}
	return c
}
