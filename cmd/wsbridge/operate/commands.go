package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Group is what help lists the commands under.
const Group = "operate"

// Commands returns the commands. What a server refuses or cannot do is passed through failed; other errors of theirs are wrong
// use.
func Commands(failed func(error) error) []*cobra.Command {
	commands := []*cobra.Command{
		newStatus(failed), newConnections(failed), newShow(failed), newTail(failed), newErrors(failed),
		newSend(failed), newBroadcast(failed), newClose(failed), newFifo(failed),
		newPause(failed), newResume(failed), newReload(failed), newDrain(failed), newLog(failed), newHealth(failed),
	}
	for _, c := range commands {
		c.GroupID = Group
		c.Flags().SortFlags = false
	}
	return commands
}

// command is what the commands have in common.
type command struct {
	failed func(error) error
	from   source
	asJSON bool
}

// flags adds those that every command has.
func (c *command) flags(cmd *cobra.Command) {
	c.from.flags(cmd)
	cmd.Flags().BoolVar(&c.asJSON, "json", false, "write JSON, for scripts")
}

// ask connects and calls do.
func (c *command) ask(cmd *cobra.Command, do func(ctx context.Context, client *api.Client) error) error {
	client, err := c.from.client()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := do(cmd.Context(), client); err != nil {
		return c.failed(c.from.advise(err))
	}
	return nil
}

// publish writes v as JSON, or what text writes.
func (c *command) publish(cmd *cobra.Command, v any, text func(out io.Writer)) error {
	if !c.asJSON {
		text(cmd.OutOrStdout())
		return nil
	}
	return writeJSON(cmd.OutOrStdout(), v, "  ")
}

// writeJSON writes v as one document, indented by that, and a newline.
func writeJSON(out io.Writer, v any, indent string) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(out, terminal.PrintableJSON(b.String()))
	return err
}

// say returns what writes one line.
func say(format string, values ...any) func(io.Writer) {
	return func(out io.Writer) { fmt.Fprintf(out, format+"\n", values...) }
}
