package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// awaitEnd blocks until the server does not answer any more, or another one in its place, which its drain_timeout bounds, or until ctx
// ends.
func awaitEnd(ctx context.Context, server *api.Client) error {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		err := server.Do(ctx, api.Call{Method: http.MethodGet, Path: "/healthz"}, nil)
		answer, answered := errors.AsType[*api.Error](err)
		isAnother := answered && answer.Status == http.StatusMisdirectedRequest
		if err != nil && (!answered || isAnother) && ctx.Err() == nil {
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
