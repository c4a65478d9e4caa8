package operate

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func newStatus(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	w := &watch{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the running server is",
		Long: `Shows whether clients are taken, how many there are, what waits, and how busy php-fpm is.

Exit codes: 0 it has answered, 1 it has not, 2 wrong use.`,
		Example: `  wsbridge status --watch`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				return w.repeat(ctx, cmd, c.asJSON, func() error {
					status, err := client.Status(ctx)
					if err != nil {
						return err
					}
					return c.publish(cmd, status, func(out io.Writer) { writeStatus(out, status) })
				})
			})
		},
	}
	c.flags(cmd)
	w.flags(cmd)
	return cmd
}

func writeStatus(out io.Writer, s *api.Status) {
	write(out, "", [][]string{
		{"wsbridge " + s.Version, state(s)},
		{"running", fmt.Sprintf("%s, process %d, log level %s", age(s.Uptime.Std()), s.PID, s.LogLevel)},
		{"listens", or(s.Listen) + ", pipe " + or(s.Pipe)},
		{"clients", fmt.Sprintf("%d open, %d coming or leaving; %d let in, %d refused so far", s.Connections.Open,
			s.Connections.All-s.Connections.Open, s.Connections.Accepted, s.Connections.Refused)},
		{"messages", fmt.Sprintf("%d received (%s), %d sent (%s)", s.Messages.Received, size(s.Messages.ReceivedBytes),
			s.Messages.Sent, size(s.Messages.SentBytes))},
		{"events", fmt.Sprintf("%d running, %d waiting (%s); %d done, %d of them failed", s.Events.Running, s.Events.Waiting,
			size(s.Events.WaitingBytes), s.Events.Done, s.Events.Failed)},
		{"php-fpm", phpOf(&s.PHP)},
		{"handlers", handlersOf(&s.Application)},
		{"from", or(s.Config) + ", " + s.Application.EventsFile},
	})
}

// state is the first thing one wants to know.
func state(s *api.Status) string {
	switch {
	case s.Draining:
		return "is shutting down"
	case s.Paused:
		return "is paused: events wait for wsbridge resume"
	case s.Ready:
		return "takes clients"
	}
	return "takes no clients: " + sentence(s.Why)
}

func phpOf(p *api.PHP) string {
	whose := "at"
	if p.Managed {
		whose = "wsbridge's own, at"
	}
	text := fmt.Sprintf("%s, %s %s", or(p.Version), whose, p.Address)
	if w := p.Workers; w != nil {
		text += fmt.Sprintf("; %d of %s busy, %d in its queue", w.Active, plural(w.Total, "worker"), w.Queue)
	}
	return text + fmt.Sprintf("; %d of %s", p.Pool.Connections, plural(p.Pool.Max, "connection"))
}

// handlersOf tells which handlers run beside others and which alone.
func handlersOf(a *api.Application) string {
	runs := map[string][]string{}
	for _, h := range a.Handlers {
		runs[h.Runs] = append(runs[h.Runs], h.Name)
	}
	var parts []string
	for _, how := range [...]string{"beside", "alone"} {
		if len(runs[how]) > 0 {
			parts = append(parts, strings.Join(runs[how], ", ")+" "+map[string]string{"beside": "beside others", "alone": "alone"}[how])
		}
	}
	return or(strings.Join(parts, "; ")) + " (isolation " + a.Isolation + ")"
}

func or(s string) string {
	if s == "" {
		return none
	}
	return s
}
