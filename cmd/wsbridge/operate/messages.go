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

func newSend() *command {
	c, binary := &command{}, false
	c.Command = cobra.Command{
		Use:   "send KEY [TEXT]",
		Short: "Send a message to a connection",
		Long: `Sends a text message to a connection; the application does not see it. Without TEXT, or with -,
the message is read from standard input.`,
		Example: `  wsbridge send 12 "hello"
  wsbridge send 12 --binary < picture.png`,
		Args: Arguments(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := keyOf(args[0])
			if err != nil {
				return err
			}
			return c.askWith(args[1:], func(ctx context.Context, server *api.Client, message []byte) error {
				if err := server.Send(ctx, key, binary, message); err != nil {
					return err
				}
				return c.publish(api.Queued{Queued: true}, say("%s on their way to %d", size(len(message)), key))
			})
		},
	}
	c.Flags().BoolVar(&binary, "binary", false, "a binary message")
	c.completeKeys()
	return c
}

func newBroadcast() *command {
	c, f, binary := &command{}, &filter{}, false
	c.Command = cobra.Command{
		Use:   "broadcast [TEXT]",
		Short: "Send a message to all open connections, or to some",
		Long: `Sends a text message to all open connections, or to those that --where and --state pick; the
application does not see it. Without TEXT, or with -, the message is read from standard input.`,
		Example: `  wsbridge broadcast "closing in five minutes" --where room=lobby`,
		Args:    Arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			query, err := f.query()
			if err != nil {
				return err
			}
			return c.askWith(args, func(ctx context.Context, server *api.Client, message []byte) error {
				sent, err := server.Broadcast(ctx, query, binary, message)
				if err != nil {
					return err
				}
				return c.publish(sent, func(out io.Writer) { writeBroadcast(out, sent, len(message)) })
			})
		},
	}
	f.flags(c)
	c.Flags().BoolVar(&binary, "binary", false, "a binary message")
	return c
}

func writeBroadcast(out io.Writer, sent *api.Broadcast, bytes int) {
	fmt.Fprintf(out, "%s on their way to %s\n", size(bytes), terminal.Plural(sent.To, "client"))
	if sent.Missed > 0 {
		fmt.Fprintf(out, "%s had too much waiting already\n", terminal.Plural(sent.Missed, "client"))
	}
}

func newFifo() *command {
	c, timeout := &command{}, 30*time.Second
	c.Command = cobra.Command{
		Use:   "fifo [DOCUMENT]",
		Short: "Bring a document to ws_server_fifo and wait until it has run",
		Long: `Brings a document to ws_server_fifo, as a write to the pipe does, but waits until the handler
has run, and shows what it returned. Without DOCUMENT, or with -, the document is read from
standard input.

Exit codes: 0 the handler has run, 1 it failed or did not run, 2 wrong use.`,
		Example: `  wsbridge fifo '{"to":"*","text":"hi"}'`,
		Args:    Arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if timeout <= 0 {
				return fmt.Errorf("--timeout %v: want more than zero", timeout)
			}
			return c.askWith(args, func(ctx context.Context, server *api.Client, document []byte) error {
				done, err := server.Fifo(ctx, document, timeout)
				if err != nil {
					return err
				}
				return c.publish(done, func(out io.Writer) { writeFifo(out, done) })
			})
		},
	}
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long it may wait and run")
	return c
}

func writeFifo(out io.Writer, f *api.Fifo) {
	e := &f.Event
	fmt.Fprintf(out, "handled in %s: %s sent, %s closed, %s changed\n", took(e.Total), terminal.Plural(e.Made.Sent, "message"),
		terminal.Plural(e.Made.Closed, "client"), terminal.Plural(e.Made.Rows, "row"))
	if string(f.Result) != "null" {
		fmt.Fprintf(out, "returned %s\n", terminal.Printable(value(f.Result, 0)))
	}
}

// askWith is ask with the bytes of an argument, or else of standard input.
func (c *command) askWith(args []string, do func(ctx context.Context, server *api.Client, content []byte) error) error {
	if len(args) == 1 && args[0] != "-" {
		return c.ask(func(ctx context.Context, server *api.Client) error { return do(ctx, server, []byte(args[0])) })
	}
	text, err := io.ReadAll(c.InOrStdin())
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return c.ask(func(ctx context.Context, server *api.Client) error { return do(ctx, server, text) })
}
