package operate

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func newReload() *command {
	process := 0
	c := &command{Command: cobra.Command{
		Use:   "reload",
		Short: "Read the configuration again, without dropping a client",
		Long: `Reads the configuration and the certificate again, as SIGHUP does, and says what has changed
and what needs a restart. If anything is wrong with them, nothing changes, and it fails.

--or-signal is for service managers. It sends SIGHUP to the server's process if the control
API cannot be reached; what comes of that is in the server's log only.`,
		Example: `  wsbridge reload --config /etc/wsbridge/wsbridge.toml`,
	}}
	c.from.strict = true // the server would refuse it, too
	c.Flags().IntVar(&process, "or-signal", 0, "`PROCESS` that gets SIGHUP if the control API cannot be reached")
	asks(c, always(http.MethodPost, "/v1/reload"), writeReloaded)
	ask := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		err := ask(cmd, args)
		if process > 0 && (errors.Is(err, errNoServer) || errors.Is(err, errNoControl)) {
			return c.failed(signalReload(process, cmd.OutOrStdout(), err))
		}
		return err
	}
	return c
}

// signalReload asks for a reload by SIGHUP. The way by the control API ended with why.
func signalReload(process int, out io.Writer, why error) error {
	if err := syscall.Kill(process, syscall.SIGHUP); err != nil {
		return fmt.Errorf("send SIGHUP to process %d: %w (%w)", process, err, why)
	}
	fmt.Fprintf(out, "process %d was sent SIGHUP, and its log says what comes of it: %v\n", process, why)
	return nil
}

func writeReloaded(out io.Writer, r *api.Reloaded) {
	if len(r.Applied)+len(r.Restart) == 0 {
		fmt.Fprintln(out, "nothing has changed")
	}
	for _, list := range [...]struct {
		title string
		keys  []string
	}{{"changed", r.Applied}, {"for new clients only", r.NewClients}, {"after a restart", r.Restart}} {
		if len(list.keys) > 0 {
			fmt.Fprintf(out, "%s: %s\n", list.title, strings.Join(list.keys, ", "))
		}
	}
}
