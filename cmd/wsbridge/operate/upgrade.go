package operate

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newUpgrade() *command {
	c := &command{Command: cobra.Command{
		Use:   "upgrade [PROGRAM]",
		Short: "Have another process take over, without dropping a client",
		Long: `Starts PROGRAM, or without it what is by now where the server's program was, such as a newer
wsbridge, with the server's arguments. When that is ready it takes over: the listeners, the pipe,
the clients with all that they have sent and not got yet, rows and global variables. Clients
notice nothing, except that those with TLS in wsbridge itself are closed with 1012 and come again.
It returns when the new process serves.

If the new process is not ready in time (server.upgrade_timeout), finds a mistake in the
configuration, wants another address or another pipe, or fails in any other way, it is ended, and
the server goes on as before.

Exit codes: 0 the new process serves, 1 the old one goes on, 2 wrong use.`,
		Example: `  wsbridge upgrade
  wsbridge upgrade /opt/wsbridge-next/wsbridge`,
		Args: Arguments(0, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault // files
		},
	}}
	return asks(c, func(args []string) (call api.Call, err error) {
		body := api.Upgrade{}
		if len(args) > 0 {
			if body.Program, err = filepath.Abs(args[0]); err != nil {
				return call, err
			}
		}
		call = api.Call{Method: http.MethodPost, Path: "/v1/upgrade", Type: "application/json"}
		call.Body, err = json.Marshal(body)
		return call, err
	}, writeUpgraded)
}

func writeUpgraded(out io.Writer, u *api.Upgraded) {
	fmt.Fprintf(out, "process %d (%s) has taken over from process %d (%s)\n", u.After.PID, u.After.Version, u.Before.PID, u.Before.Version)
	fmt.Fprintf(out, "%s moved, held for %v\n", terminal.Plural(u.Moved, "client"), (time.Duration(u.Held) * time.Microsecond).Round(time.Millisecond))
	if u.Reconnecting > 0 {
		fmt.Fprintf(out, "%s could not be moved, and were told to connect again\n", terminal.Plural(u.Reconnecting, "client"))
	}
}
