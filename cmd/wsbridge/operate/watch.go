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

// What moves the cursor of a terminal (ECMA-48): to the upper left corner, and deletes what is right of it and below.
const (
	cursorHome  = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseBelow  = "\x1b[J"
	otherScreen = "\x1b[?1049h"
	ownScreen   = "\x1b[?1049l"
)

// watch repeats what a command writes.
type watch struct {
	on       bool
	interval time.Duration
}

func (w *watch) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.on, "watch", false, "show it again and again, until interrupted")
	cmd.Flags().DurationVar(&w.interval, "interval", 2*time.Second, "how often, with --watch")
}

// repeat calls show once, or until ctx ends. On a terminal what it writes to cmd's output stays in one place, on a screen of its
// own, which is left at the end, and is cut to the window; an error while it repeats is shown there, as the server may come back.
func (w *watch) repeat(ctx context.Context, cmd *cobra.Command, asJSON bool, show func() error) error {
	if !w.on {
		return show()
	}
	out := cmd.OutOrStdout()
	defer cmd.SetOut(out)
	paint := terminal.Is(out) && !asJSON
	if paint {
		fmt.Fprint(out, otherScreen)
		defer fmt.Fprint(out, ownScreen)
	}
	tick := time.NewTicker(max(w.interval, 100*time.Millisecond))
	defer tick.Stop()
	for {
		var page strings.Builder
		cmd.SetOut(&page)
		err := show()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !paint:
			return err
		case err != nil:
			fmt.Fprintln(&page, terminal.PrintableLines(err.Error()))
		}
		if err := w.write(out, page.String(), paint); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// write writes a page over the one before, without a moment in which there is none.
func (w *watch) write(out io.Writer, page string, paint bool) error {
	if paint {
		columns, lines := terminal.Size(out)
		page = strings.ReplaceAll(terminal.Fit(page, columns, lines), "\n", eraseLine+"\n")
		page = cursorHome + page + eraseBelow
	}
	_, err := io.WriteString(out, page)
	return err
}
