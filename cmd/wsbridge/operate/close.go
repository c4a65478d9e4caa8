package operate

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

const usualCode = 1000

func newClose(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	how := api.Close{}
	cmd := &cobra.Command{
		Use:     "close KEY",
		Short:   "Close a connection",
		Long:    `Closes a connection with a code and a reason. The application's close handlers run.`,
		Example: `  wsbridge close 12 --code 1008 --reason "flood"`,
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keyOf(args[0])
			if err != nil {
				return err
			}
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				if err := client.CloseConnection(ctx, key, how); err != nil {
					return err
				}
				how.Code = cmp.Or(how.Code, usualCode)
				return c.publish(cmd, api.Closing{Closing: true}, say("connection %d is being closed with %d", key, how.Code))
			})
		},
	}
	cmd.Flags().IntVar(&how.Code, "code", usualCode, "close code (RFC 6455, section 7.4)")
	cmd.Flags().StringVar(&how.Reason, "reason", "", "`TEXT` for the client, at most 123 bytes")
	c.flags(cmd)
	c.completeKeys(cmd)
	return cmd
}
