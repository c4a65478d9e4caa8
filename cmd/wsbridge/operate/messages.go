package operate

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newSend(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	binary := false
	cmd := &cobra.Command{
		Use:   "send KEY [TEXT]",
		Short: "Send a message to a connection",
		Long:  `Sends a text message to a connection, past the application. Without TEXT, or with -, it is read from standard input.`,
		Example: `  wsbridge send 12 "hello"
  wsbridge send 12 --binary < picture.png`,
		Args: arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keyOf(args[0])
			if err != nil {
				return err
			}
			message, err := content(cmd, args[1:])
			if err != nil {
				return err
			}
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if err := client.Send(ctx, key, binary, message); err != nil {
					return err
				}
				return c.publish(cmd, api.Queued{Queued: true}, say("%s on their way to %d", size(len(message)), key))
			})
		},
	}
	cmd.Flags().BoolVar(&binary, "binary", false, "a binary message")
	c.flags(cmd)
	c.completeKeys(cmd)
	return cmd
}

func newBroadcast(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	f := &filter{}
	binary := false
	cmd := &cobra.Command{
		Use:   "broadcast [TEXT]",
		Short: "Send a message to all open connections, or to some",
		Long: `Sends a text message to all open connections, or to those that --where and --state pick, past
the application. Without TEXT, or with -, it is read from standard input.`,
		Example: `  wsbridge broadcast "closing in five minutes" --where room=lobby`,
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query, err := f.query()
			if err != nil {
				return err
			}
			message, err := content(cmd, args)
			if err != nil {
				return err
			}
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				sent, err := client.Broadcast(ctx, query, binary, message)
				if err != nil {
					return err
				}
				return c.publish(cmd, sent, func(out io.Writer) {
					fmt.Fprintf(out, "%s on their way to %s\n", size(len(message)), plural(sent.To, "client"))
					if sent.Missed > 0 {
						fmt.Fprintf(out, "%s had too much waiting already\n", plural(sent.Missed, "client"))
					}
				})
			})
		},
	}
	f.flags(cmd)
	cmd.Flags().BoolVar(&binary, "binary", false, "a binary message")
	c.flags(cmd)
	completeStates(cmd)
	return cmd
}

func newFifo(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	timeout := 30 * time.Second
	cmd := &cobra.Command{
		Use:   "fifo [DOCUMENT]",
		Short: "Bring a document to ws_server_fifo and wait until it has run",
		Long: `Brings a document to ws_server_fifo, as a write to the pipe does, but waits until the handler
has run, and shows what it returned. Without DOCUMENT, or with -, it is read from standard
input.

Exit codes: 0 the handler has run, 1 it failed or did not run, 2 wrong use.`,
		Example: `  wsbridge fifo '{"to":"*","text":"hi"}'`,
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := content(cmd, args)
			if err != nil {
				return err
			}
			if timeout <= 0 {
				return fmt.Errorf("--timeout %v: want more than zero", timeout)
			}
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				done, err := client.Fifo(ctx, document, timeout)
				if err != nil {
					return err
				}
				return c.publish(cmd, done, func(out io.Writer) { writeFifo(out, done) })
			})
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long it may wait and run")
	c.flags(cmd)
	return cmd
}

func writeFifo(out io.Writer, f *api.Fifo) {
	e := &f.Event
	fmt.Fprintf(out, "handled in %s: %s sent, %s closed, %s changed\n", took(e.Total), plural(e.Made.Sent, "message"),
		plural(e.Made.Closed, "client"), plural(e.Made.Rows, "row"))
	if string(f.Result) != "null" {
		fmt.Fprintf(out, "returned %s\n", terminal.Printable(value(f.Result, 0)))
	}
}

// content is an argument, or what standard input holds.
func content(cmd *cobra.Command, args []string) ([]byte, error) {
	if len(args) == 1 && args[0] != "-" {
		return []byte(args[0]), nil
	}
	text, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return text, nil
}
