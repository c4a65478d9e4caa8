package operate

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func newErrors() *command {
	c := &command{Command: cobra.Command{
		Use:     "errors",
		Short:   "List recent failures, with file and line",
		Example: `  wsbridge errors`,
	}}
	return asks(c, always(http.MethodGet, "/v1/errors"), writeErrors)
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
