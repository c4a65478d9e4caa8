package operate

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// A shell waits for completions while somebody types, so they are few and soon given up.
const (
	completionTime = time.Second
	completionKeys = "200"
)

// completeKeys completes the first argument with the keys of connections.
func (c *command) completeKeys() {
	c.ValidArgsFunction = func(cmd *cobra.Command, args []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.keys(cmd, args, begin)
	}
}

// keys returns the keys of connections, each with the client's address; nothing without a server.
func (c *command) keys(cmd *cobra.Command, _ []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	c.from.warn = nil // its line would stand in the middle of what somebody types
	server, err := c.from.client(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer server.Close()
	found, err := api.Ask[api.Connections](ctx, server, listing(url.Values{"limit": {completionKeys}}))
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

// completeFlag completes a flag's value with one of some words.
func (c *command) completeFlag(flag string, words ...string) {
	// It fails only for a flag that does not exist.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
