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

func newPause(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Let events wait: no handler begins until resume",
		Long: `Lets what runs end, and everything else wait: clients stay connected and are answered pings,
their messages wait as long as the bounds of the configuration let them. For work that no
handler shall see half done, such as a change of the database.`,
		Example: `  wsbridge pause`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if err := client.Pause(ctx); err != nil {
					return err
				}
				return c.publish(cmd, api.Paused{Paused: true}, say("paused: events wait for wsbridge resume"))
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func newResume(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:     "resume",
		Short:   "End a pause",
		Example: `  wsbridge resume`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if err := client.Resume(ctx); err != nil {
					return err
				}
				return c.publish(cmd, api.Paused{}, say("events run"))
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func newReload(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Read the configuration anew, without dropping a client",
		Long: `Reads the configuration and the certificate anew, as SIGHUP does, and says what holds now and
what needs a restart. If anything is wrong with them, nothing changes.`,
		Example: `  wsbridge reload`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				done, err := client.Reload(ctx)
				if err != nil {
					return err
				}
				return c.publish(cmd, done, func(out io.Writer) { writeReloaded(out, done) })
			})
		},
	}
	c.flags(cmd)
	return cmd
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

// drainInterval is how often a server that shuts down is asked whether it is still there.
const drainInterval = 100 * time.Millisecond

func newDrain(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	wait := false
	cmd := &cobra.Command{
		Use:   "drain",
		Short: "Shut the server down",
		Long: `Shuts the server down as SIGTERM does: no new clients, what is queued runs, every client gets its
close event and is told 1001.`,
		Example: `  wsbridge drain --wait`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if err := client.Drain(ctx); err != nil {
					return err
				}
				if wait {
					return awaitEnd(ctx, client, func() error {
						return c.publish(cmd, api.Draining{Draining: true}, say("the server has ended"))
					})
				}
				return c.publish(cmd, api.Draining{Draining: true}, say("the server is shutting down"))
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "return when it has ended")
	c.flags(cmd)
	return cmd
}

// awaitEnd calls done when nobody answers any more. The server bounds that by its drain_timeout.
func awaitEnd(ctx context.Context, client *api.Client, done func() error) error {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		err := client.Do(ctx, http.MethodGet, "/healthz", nil, "", nil, nil)
		if _, answered := errors.AsType[*api.Error](err); err != nil && !answered && ctx.Err() == nil {
			return done()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func newLog(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:       "log [LEVEL]",
		Short:     "Show or change the level of the log",
		Long:      `Shows the level of the server's log, or changes it until the next reload or restart.`,
		Example:   `  wsbridge log debug`,
		Args:      arguments(0, 1),
		ValidArgs: []string{"debug", "info", "warn", "error"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if len(args) > 0 {
					if err := client.SetLogLevel(ctx, args[0]); err != nil {
						return err
					}
				}
				level, err := client.LogLevel(ctx)
				if err != nil {
					return err
				}
				return c.publish(cmd, level, say("%s", level.Level))
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func newHealth(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Tell by the exit code whether the server takes clients",
		Long: `Asks whether php-fpm answers and no shutdown has begun, as a health check does.

Exit codes: 0 it takes clients, 1 it does not or is not there, 2 wrong use.`,
		Example: `  wsbridge health --config /etc/wsbridge/wsbridge.toml`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
				defer cancel()
				if err := client.Do(ctx, http.MethodGet, "/readyz", nil, "", nil, nil); err != nil {
					return err
				}
				return c.publish(cmd, map[string]bool{"ready": true}, say("ready"))
			})
		},
	}
	c.flags(cmd)
	return cmd
}
