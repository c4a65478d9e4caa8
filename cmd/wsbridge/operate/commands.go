package operate

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Group is the group of the commands in the help.
const Group = "operate"

// Commands returns the commands. They pass an error of the server, or of the way to it, through failed; any other error is wrong use.
func Commands(failed func(error) error) []*cobra.Command {
	var commands []*cobra.Command
	for _, c := range []*command{
		newStatus(), newConnections(), newShow(), newTail(), newErrors(), newWorkers(), newJournal(),
		newSend(), newBroadcast(), newClose(), newFifo(),
		newPause(), newResume(), newReload(), newUpgrade(), newDrain(), newLog(), newHealth(),
	} {
		c.complete(failed)
		c.GroupID = Group
		commands = append(commands, &c.Command)
	}
	return commands
}

// complete adds what all commands have.
func (c *command) complete(failed func(error) error) {
	c.failed, c.from.failed = failed, failed
	c.Flags().SortFlags = false
	c.from.flags(&c.Command)
	c.from.warn = func(mistake string) {
		fmt.Fprintf(c.ErrOrStderr(), "wsbridge: warning: %s\n", terminal.Printable(mistake))
	}
	c.Flags().BoolVar(&c.asJSON, "json", false, "write JSON, for scripts")
	for _, below := range c.below {
		below.complete(failed)
		c.AddCommand(&below.Command)
	}
}

// command is a cobra.Command that asks a server.
type command struct {
	cobra.Command
	failed func(error) error
	from   source
	asJSON bool
	watch  watch
	below  []*command
	// meanwhile, if not nil, runs while the command waits for an answer, until ctx ends.
	meanwhile func(ctx context.Context, server *api.Client)
}

// asks lets the command make the call that request returns for its arguments, and publish the answer.
func asks[T any](c *command, request func(args []string) (api.Call, error), text func(io.Writer, *T)) *command {
	c.RunE = func(_ *cobra.Command, args []string) error {
		call, err := request(args)
		if err != nil {
			return err
		}
		return c.ask(func(ctx context.Context, server *api.Client) error {
			defer c.startMeanwhile(ctx, server)()
			return c.watch.repeat(ctx, c, func() error {
				answer, err := api.Ask[T](ctx, server, call)
				if err != nil {
					return err
				}
				return c.publish(answer, func(out io.Writer) { text(out, answer) })
			})
		})
	}
	if c.Args == nil {
		c.Args = Arguments(0, 0)
	}
	return c
}

// startMeanwhile returns a function that ends what it starts.
func (c *command) startMeanwhile(ctx context.Context, server *api.Client) (end func()) {
	if c.meanwhile == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { c.meanwhile(ctx, server) })
	return func() { cancel(); work.Wait() }
}

// always returns a request for asks that needs no arguments.
func always(method, path string) func([]string) (api.Call, error) {
	return func([]string) (api.Call, error) { return api.Call{Method: method, Path: path}, nil }
}

// ask connects and calls do.
func (c *command) ask(do func(ctx context.Context, server *api.Client) error) error {
	server, err := c.from.client(c.Context())
	if err != nil {
		return err
	}
	defer server.Close()
	err = do(c.Context(), server)
	switch {
	case err == nil:
		return nil
	case c.Context().Err() != nil:
		return c.interrupted()
	}
	return c.failed(c.from.advise(err))
}

// interrupted says which signal has ended the command before there was an answer.
func (c *command) interrupted() error {
	return c.failed(fmt.Errorf("interrupted: %w", context.Cause(c.Context())))
}

// publish writes v as JSON if --json is set, else calls text.
func (c *command) publish(v any, text func(out io.Writer)) error {
	if c.asJSON {
		return terminal.WriteJSON(c.OutOrStdout(), v, "  ")
	}
	text(c.OutOrStdout())
	return nil
}

// say returns a text for asks that is one line, whatever the action's answer.
func say(line string) func(io.Writer, *api.Done) {
	return func(out io.Writer, _ *api.Done) { fmt.Fprintln(out, line) }
}

// Below returns the names of the commands below one.
func Below(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// Arguments returns a check for at least least and at most most arguments; cobra's own speaks of an unknown command.
func Arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > most:
			meant := config.DidYouMean(config.Similar(args[most], Below(cmd)))
			return fmt.Errorf("unexpected argument %q%s (see %s --help)", args[most], meant, cmd.CommandPath())
		case len(args) < least:
			return fmt.Errorf("want wsbridge %s (see %s --help)", cmd.Use, cmd.CommandPath())
		}
		return nil
	}
}
