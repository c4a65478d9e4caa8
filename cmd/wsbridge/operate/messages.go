package operate

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newSend() *command {
	binary, sent := false, 0
	c := &command{Command: cobra.Command{
		Use:   "send KEY [TEXT]",
		Short: "Send a message to a connection",
		Long: `Sends a text message to a connection; the application does not see it. Without TEXT, or with -,
the message is read from standard input.`,
		Example: `  wsbridge send 12 "hello"
  wsbridge send 12 --binary < picture.png`,
		Args: Arguments(1, 2),
	}}
	c.Flags().BoolVar(&binary, "binary", false, "a binary message")
	c.completeKeys()
	return asks(c, func(args []string) (api.Call, error) {
		call, err := onKey(http.MethodPost, args[0], "/send")
		if err == nil {
			call.Type = messageType(binary)
			call.Body, err = c.content(args[1:])
		}
		sent = len(call.Body)
		return call, err
	}, func(out io.Writer, _ *api.Done) {
		fmt.Fprintf(out, "%s on their way to %s\n", size(sent), c.Flags().Arg(0))
	})
}

func newBroadcast() *command {
	f, binary, bytes := &filter{}, false, 0
	c := &command{Command: cobra.Command{
		Use:   "broadcast [TEXT]",
		Short: "Send a message to all open connections, or to some",
		Long: `Sends a text message to all open connections, or to those that --where and --state pick; the
application does not see it. Without TEXT, or with -, the message is read from standard input.`,
		Example: `  wsbridge broadcast "closing in five minutes" --where room=lobby`,
		Args:    Arguments(0, 1),
	}}
	f.flags(c)
	c.Flags().BoolVar(&binary, "binary", false, "a binary message")
	return asks(c, func(args []string) (api.Call, error) {
		query, err := f.query()
		if err != nil {
			return api.Call{}, err
		}
		message, err := c.content(args)
		bytes = len(message)
		return api.Call{Method: http.MethodPost, Path: "/v1/broadcast", Query: query, Type: messageType(binary), Body: message}, err
	}, func(out io.Writer, sent *api.Broadcast) {
		fmt.Fprintf(out, "%s on their way to %s\n", size(bytes), terminal.Plural(sent.To, "client"))
		if sent.Missed > 0 {
			fmt.Fprintf(out, "%s had too much waiting already\n", terminal.Plural(sent.Missed, "client"))
		}
	})
}

func messageType(binary bool) string {
	if binary {
		return "application/octet-stream"
	}
	return "text/plain; charset=utf-8"
}

func newFifo() *command {
	timeout, noWait := 30*time.Second, false
	c := &command{Command: cobra.Command{
		Use:   "fifo [DOCUMENT]",
		Short: "Bring a document to ws_server_fifo and wait until it has run",
		Long: `Brings a document to ws_server_fifo, as a write to the pipe does, but waits until the handler
has run, and shows what it returned. Without DOCUMENT, or with -, the document is read from
standard input. With --no-wait it only waits until the document is accepted: then it will run,
with a journal even if the server crashes.

Exit codes: 0 the handler has run, or the document is accepted, 1 it failed or did not run,
2 wrong use.`,
		Example: `  wsbridge fifo '{"to":"*","text":"hi"}'`,
		Args:    Arguments(0, 1),
	}}
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long it may wait and run")
	c.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until it has run")
	return asks(c, func(args []string) (api.Call, error) {
		if timeout <= 0 {
			return api.Call{}, fmt.Errorf("--timeout %v: want more than zero", timeout)
		}
		query := url.Values{"timeout": {timeout.String()}}
		if noWait {
			query.Set("wait", "0")
		}
		document, err := c.content(args)
		return api.Call{Method: http.MethodPost, Path: "/v1/fifo", Query: query, Type: messageType(true), Body: document}, err
	}, writeFifo)
}

func writeFifo(out io.Writer, f *api.Fifo) {
	if f.Accepted.Accepted {
		fmt.Fprintln(out, "accepted")
		return
	}
	e := &f.Event
	fmt.Fprintf(out, "handled in %s: %s sent, %s closed, %s changed\n", took(e.Total), terminal.Plural(e.Made.Sent, "message"),
		terminal.Plural(e.Made.Closed, "client"), terminal.Plural(e.Made.Rows, "row"))
	if string(f.Result) != "null" {
		fmt.Fprintf(out, "returned %s\n", terminal.Printable(value(f.Result, 0)))
	}
}

// content returns the bytes of an argument, or else of standard input.
func (c *command) content(args []string) ([]byte, error) {
	if len(args) == 1 && args[0] != "-" {
		return []byte(args[0]), nil
	}
	text, err := io.ReadAll(c.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return text, nil
}
