package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
)

// groupServer is the group of the other commands in the help.
const groupServer = "server"

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
				return errors.New("name a command (wsbridge help lists them)")
			}
			return unknownCommand(cmd, args[0])
		},
		RunE:          func(*cobra.Command, []string) error { return nil }, // Args refuses everything
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(&cobra.Group{ID: groupServer, Title: "Commands:"},
		&cobra.Group{ID: operate.Group, Title: "Commands for a running server:"})
	for _, c := range []*cobra.Command{newServeCommand(), newCheckCommand(), newConfigCommand(), newInitCommand(), newDemoCommand(),
		newVersionCommand()} {
		c.GroupID = groupServer
		root.AddCommand(c)
	}
	root.AddCommand(manualCommands()...)
	root.AddCommand(withJournalFolders(operate.Commands(markRunError))...)
	root.SetHelpCommand(newHelpCommand())
	addVersionFlag(root)
	return root
}

// newHelpCommand returns "wsbridge help [command]"; unlike cobra's own it fails on a command that does not exist.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(topic, strings.Join(rest, " "))
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}
