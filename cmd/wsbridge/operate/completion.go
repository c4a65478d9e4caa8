package operate

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// What a shell is told: it waits for that while somebody types.
const (
	completionTime = time.Second
	completionKeys = 200
)

// completeKeys completes the first argument with the keys of connections.
func (c *command) completeKeys(cmd *cobra.Command) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.keys(cmd, args, begin)
	}
}

// keys are those of connections, each with where it comes from. Without a server there are none.
func (c *command) keys(cmd *cobra.Command, _ []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective) {
	client, err := c.from.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	found, err := client.Connections(ctx, api.ListQuery{Limit: completionKeys})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var keys []cobra.Completion
	for _, connection := range found.Connections {
		if key := strconv.FormatInt(connection.Key, 10); strings.HasPrefix(key, begin) {
			keys = append(keys, cobra.CompletionWithDesc(key, terminal.Printable(connection.RemoteAddress)))
		}
	}
	return keys, cobra.ShellCompDirectiveNoFileComp
}

// completeStates completes --state.
func completeStates(cmd *cobra.Command) {
	states := cobra.FixedCompletions([]cobra.Completion{"OPEN", "CONNECTING", "REMOTE TERMINATED"}, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc("state", states) // it fails for a flag that does not exist
}
