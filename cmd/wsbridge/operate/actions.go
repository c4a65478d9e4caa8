package operate

import (
	"context"
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
	return c.asks(func(ctx context.Context, server *api.Client) error {
		if err := server.Pause(ctx); err != nil {
			return err
		}
		return c.publish(api.Paused{Paused: true}, say("paused: events wait for wsbridge resume"))
	})
}

func newResume() *command {
	c := &command{Command: cobra.Command{
		Use:     "resume",
		Short:   "End a pause",
		Example: `  wsbridge resume`,
	}}
	return c.asks(func(ctx context.Context, server *api.Client) error {
		if err := server.Resume(ctx); err != nil {
			return err
		}
		return c.publish(api.Paused{}, say("events run"))
	})
}

func newReload() *command {
	c := &command{Command: cobra.Command{
		Use:   "reload",
		Short: "Read the configuration again, without dropping a client",
		Long: `Reads the configuration and the certificate again, as SIGHUP does, and says what has changed
and what needs a restart. If anything is wrong with them, nothing changes.`,
		Example: `  wsbridge reload`,
	}}
	return c.asks(func(ctx context.Context, server *api.Client) error {
		done, err := server.Reload(ctx)
		if err != nil {
			return err
		}
		return c.publish(done, func(out io.Writer) { writeReloaded(out, done) })
	})
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
	}}
	c.Flags().BoolVar(&wait, "wait", false, "return when it has ended")
	return c.asks(func(ctx context.Context, server *api.Client) error {
		if err := server.Drain(ctx); err != nil {
			return err
		}
		text := "the server is shutting down"
		if wait {
			if err := awaitEnd(ctx, server); err != nil {
				return err
			}
			text = "the server has ended"
		}
		return c.publish(api.Draining{Draining: true}, say("%s", text))
	})
}

// awaitEnd blocks until the server does not answer any more, which its drain_timeout bounds, or until ctx ends.
func awaitEnd(ctx context.Context, server *api.Client) error {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		err := server.Do(ctx, http.MethodGet, "/healthz", nil, "", nil, nil)
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
	c := &command{}
	c.Command = cobra.Command{
		Use:       "log [LEVEL]",
		Short:     "Show or change the level of the log",
		Long:      `Shows the level of the server's log, or changes it until the next reload or restart.`,
		Example:   `  wsbridge log debug`,
		Args:      Arguments(0, 1),
		ValidArgs: []string{"debug", "info", "warn", "error"},
		RunE: func(_ *cobra.Command, args []string) error {
			return c.ask(func(ctx context.Context, server *api.Client) error {
				if len(args) > 0 {
					if err := server.SetLogLevel(ctx, args[0]); err != nil {
						return err
					}
				}
				level, err := server.LogLevel(ctx)
				if err != nil {
					return err
				}
				return c.publish(level, say("%s", level.Level))
			})
		},
	}
	return c
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
	}}
	return c.asks(func(ctx context.Context, server *api.Client) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		if err := server.Do(ctx, http.MethodGet, "/readyz", nil, "", nil, nil); err != nil {
			return err
		}
		return c.publish(map[string]bool{"ready": true}, say("ready"))
	})
}
