package operate

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func newErrors(failed func(error) error) *cobra.Command {
	c := &command{failed: failed}
	cmd := &cobra.Command{
		Use:     "errors",
		Short:   "List the failures of late, with file and line",
		Example: `  wsbridge errors`,
		Args:    arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd, func(ctx context.Context, client *api.Client) error {
				found, err := client.Errors(ctx)
				if err != nil {
					return err
				}
				return c.publish(cmd, found, func(out io.Writer) { writeErrors(out, found) })
			})
		},
	}
	c.flags(cmd)
	return cmd
}

func writeErrors(out io.Writer, found *api.Errors) {
	if len(found.Errors) == 0 {
		fmt.Fprintln(out, "no event has failed")
		return
	}
	rows := [][]string{{"AGO", "TIMES", "EVENT", "CLIENT", "FAILURE"}}
	for _, e := range found.Errors {
		client := none
		if e.Client != 0 {
			client = strconv.FormatInt(e.Client, 10)
		}
		rows = append(rows, []string{age(time.Since(e.Time)), strconv.Itoa(e.Times), e.Event, client,
			failureText(e.Failure, e.Message, e.File, e.Line)})
	}
	write(out, "", rows)
}
