package operate

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// Control sequences (ECMA-48, and xterm's for its alternate screen).
const (
	cursorHome      = "\x1b[H"
	eraseLine       = "\x1b[K"
	eraseBelow      = "\x1b[J"
	alternateScreen = "\x1b[?1049h"
	normalScreen    = "\x1b[?1049l"
)

// shortestInterval keeps --interval 0 from keeping the server busy.
const shortestInterval = 100 * time.Millisecond

// watch repeats what a command writes.
type watch struct {
	on       bool
	interval time.Duration
}

func (w *watch) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.on, "watch", false, "show it again and again, until interrupted")
	cmd.Flags().DurationVar(&w.interval, "interval", 2*time.Second, "how often, with --watch")
}

// repeat calls show once, or again and again until ctx ends. On a terminal the output of each call replaces the one before, on the
// alternate screen and cut to the window; an error is shown there too, since the server may come back. Elsewhere an error ends it.
func (w *watch) repeat(ctx context.Context, c *command, show func() error) error {
	if !w.on {
		return show()
	}
	out := c.OutOrStdout()
	defer c.SetOut(out)
	paint := terminal.Is(out) && !c.asJSON
	if paint {
		fmt.Fprint(out, alternateScreen)
		defer fmt.Fprint(out, normalScreen)
	}
	tick := time.NewTicker(max(w.interval, shortestInterval))
	defer tick.Stop()
	for {
		var page strings.Builder
		c.SetOut(&page)
		err := show()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !paint:
			return err
		case err != nil:
			fmt.Fprintln(&page, terminal.PrintableLines(err.Error()))
		}
		if err := writePage(out, page.String(), paint); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// writePage writes a page over the one before, so that the screen is never empty.
func writePage(out io.Writer, page string, paint bool) error {
	if paint {
		columns, lines := terminal.Size(out)
		page = strings.ReplaceAll(terminal.Fit(page, columns, lines), "\n", eraseLine+"\n")
		page = cursorHome + page + eraseBelow
	}
	_, err := io.WriteString(out, page)
	return err
}
