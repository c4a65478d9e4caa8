package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// withJournalFolders adds to the command "journal", which asks a server, the commands for the folder of a server that does not run.
func withJournalFolders(commands []*cobra.Command) []*cobra.Command {
	i := slices.IndexFunc(commands, func(c *cobra.Command) bool { return c.Name() == "journal" })
	commands[i].AddCommand(newJournalShowCommand(), newJournalRepairCommand())
	return commands
}

func newJournalShowCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "show FOLDER",
		Short: "Show the journal of a server that does not run",
		Long: `Shows what the next start with this folder would do. It changes nothing.

Exit codes: 0 it is shown, 1 it cannot be read, or a server has it, 2 wrong use.`,
		Example: `  wsbridge journal show /var/lib/wsbridge/journal`,
		Args:    operate.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			contents, err := journal.Inspect(args[0])
			if err != nil {
				return markRunError(err)
			}
			if asJSON {
				return terminal.WriteJSON(cmd.OutOrStdout(), leftOf(contents), "  ")
			}
			writeContents(cmd.OutOrStdout(), contents)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON, for scripts")
	return c
}

func writeContents(out io.Writer, c *journal.Contents) {
	end := "in order"
	if c.Crashed {
		end = "by a crash"
	}
	fmt.Fprintf(out, "the server before ended %s\n", end)
	fmt.Fprintf(out, "%s to run, %s that had begun and will not run again\n", terminal.Plural(c.Documents, "document"),
		terminal.Plural(len(c.Begun), "document"))
	begun := 0
	for i := range c.Clients {
		if c.Clients[i].Begun {
			begun++
		}
	}
	fmt.Fprintf(out, "%s to run, %s that had begun and will not run again, %s\n", terminal.Plural(len(c.Clients)-begun, "close event"),
		terminal.Plural(begun, "close event"), terminal.Plural(len(c.Globals), "global variable"))
	for _, d := range c.Begun {
		writeDocument(out, "begun", &d.Waiting)
	}
	for i := range c.Waiting {
		writeDocument(out, "waits", &c.Waiting[i])
	}
	for _, left := range c.Clients {
		state := "owed "
		if left.Begun {
			state = "begun"
		}
		fmt.Fprintf(out, "%s  client %d of %s, connected %s\n", state, left.Key, terminal.Printable(left.Peer), left.ConnectedAt.Format(time.RFC3339))
	}
}

func writeDocument(out io.Writer, state string, d *journal.Waiting) {
	fmt.Fprintf(out, "%s  document %d of %s, %s, since %s\n", state, d.ID, terminal.Printable(d.Source), terminal.Plural(int(d.Size), "byte"),
		d.Since.Format(time.RFC3339))
}

func newJournalRepairCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repair FOLDER",
		Short: "Set a damaged journal aside, and save what can be read",
		Long: `Renames the folder of a journal that a server refuses as damaged, and makes a new one in its place
with all that can be read. Nothing is deleted. A journal that is not damaged stays as it is.

Exit codes: 0 a server can start with it, 1 it cannot be repaired, or a server has it, 2 wrong use.`,
		Example: `  wsbridge journal repair /var/lib/wsbridge/journal`,
		Args:    operate.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := journal.SetAside(args[0])
			if errors.Is(err, journal.ErrNotDamaged) {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is not damaged, and stays as it is\n", terminal.Printable(args[0]))
				return nil
			}
			if s != nil {
				writeSalvage(cmd.OutOrStdout(), s)
			}
			return markRunError(err)
		},
	}
}

func writeSalvage(out io.Writer, s *journal.Salvage) {
	fmt.Fprintf(out, "%s\nset aside as %s\n", terminal.Printable(s.Damage.Error()), terminal.Printable(s.Aside))
	fmt.Fprintf(out, "saved: %s to run, %s that had begun, %s, %s\n", terminal.Plural(s.Documents, "document"),
		terminal.Plural(s.Begun, "document"), terminal.Plural(s.Clients, "close event"), terminal.Plural(s.Globals, "global variable"))
	for _, lost := range s.Lost {
		fmt.Fprintf(out, "lost: %s\n", terminal.Printable(lost))
	}
	fmt.Fprintln(out, "What was written in the damaged part is lost: a document whose end was written there may run again.")
}
