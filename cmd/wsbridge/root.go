package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// runError marks an error of the running server. Every other error of a command is wrong use or bad configuration.
type runError struct{ err error }

func (e *runError) Error() string { return e.err.Error() }
func (e *runError) Unwrap() error { return e.err }

// newRootCommand returns the whole command tree.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "wsbridge",
		Short: "Holds WebSockets for legacy PHP push applications",
		Long: `wsbridge holds the WebSockets and the named pipe of a legacy PHP push application
and runs every event as a FastCGI request to php-fpm, where the application's own,
unchanged push_server_events.php handles it.

Exit codes: 0 ended as asked, 1 the server failed, 2 wrong use or bad configuration; check
has its own.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name a command: %s", commandNames(cmd))
			}
			return fmt.Errorf("unknown command %q: want %s", args[0], commandNames(cmd))
		},
		RunE:          func(*cobra.Command, []string) error { return nil }, // Args has refused
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())
	})
	root.AddCommand(newServeCommand(), newCheckCommand(), newConfigCommand(), newInitCommand(), newDemoCommand(),
		newVersionCommand())
	root.AddCommand(manualCommands()...)
	root.SetHelpCommand(newHelpCommand())
	return root
}

// commandNames lists what there is to run.
func commandNames(root *cobra.Command) string {
	var names []string
	for _, c := range root.Commands() {
		if c.Name() != "help" && !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return config.Either(names)
}

// noArguments refuses arguments; cobra's own message speaks of an unknown command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q (see %s --help)", args[0], cmd.CommandPath())
	}
	return nil
}
