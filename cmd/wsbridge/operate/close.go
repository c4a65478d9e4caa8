package operate

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

const defaultCode = 1000

func newClose() *command {
	c, how := &command{}, api.Close{}
	c.Command = cobra.Command{
		Use:     "close KEY",
		Short:   "Close a connection",
		Long:    `Closes a connection with a code and a reason. The application's close handlers run.`,
		Example: `  wsbridge close 12 --code 1008 --reason "flood"`,
		Args:    Arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := keyOf(args[0])
			if err != nil {
				return err
			}
			return c.ask(func(ctx context.Context, server *api.Client) error {
				if err := server.CloseConnection(ctx, key, how); err != nil {
					return err
				}
				return c.publish(api.Closing{Closing: true}, say("connection %d is being closed with %d", key, cmp.Or(how.Code, defaultCode)))
			})
		},
	}
	c.Flags().IntVar(&how.Code, "code", defaultCode, "close code (RFC 6455, section 7.4)")
	c.Flags().StringVar(&how.Reason, "reason", "", "`TEXT` for the client, at most 123 bytes")
	c.completeKeys()
	return c
}
