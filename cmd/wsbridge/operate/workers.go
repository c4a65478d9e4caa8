package operate

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

func newWorkers() *command {
	c := &command{Command: cobra.Command{
		Use:   "workers",
		Short: "List the resident workers, and the latest that have ended",
		Long: `Lists the PHP processes that stay from event to event, and the latest that have ended, with why.
The alone worker runs events one after the other, those beside run slow ones at the same time,
and a spare takes over when the alone worker ends.`,
		Example: `  wsbridge workers --watch`,
	}, below: []*command{newRecycle(), newKill()}}
	c.watch.flags(&c.Command)
	return asks(c, always(http.MethodGet, "/v1/workers"), writeResidents)
}

func newRecycle() *command {
	c := &command{Command: cobra.Command{
		Use:   "recycle",
		Short: "Have the alone worker replaced, between two events",
		Long: `Starts another worker, lets it take over between two events, and returns when it has. No event is
lost or fails; what only the worker before could keep is lost, such as static variables. An event
that does not end keeps the worker: wsbridge workers kill ends both.

Exit codes: 0 another worker runs events, 1 the one before goes on, or there is none, 2 wrong use.`,
		Example: `  wsbridge workers recycle`,
	}}
	c.meanwhile = c.tellLong
	return asks(c, always(http.MethodPost, "/v1/workers/recycle"), writeRecycled)
}

func newKill() *command {
	c := &command{Command: cobra.Command{
		Use:   "kill [PID]",
		Short: "End a worker whose event does not end, and the event",
		Long: `Kills the process that runs events one after the other, or the worker with that process id, while it
runs an event. That event fails; those that wait for it go on in another process. What only the
process could keep is lost, such as static variables.

Exit codes: 0 the process has ended, 1 it has not, or it runs nothing, 2 wrong use.`,
		Example: `  wsbridge workers kill
  wsbridge workers kill 4711`,
		Args: Arguments(0, 1),
	}}
	return asks(c, func(args []string) (api.Call, error) {
		call := api.Call{Method: http.MethodPost, Path: "/v1/workers/kill"}
		if len(args) == 0 {
			return call, nil
		}
		if pid, err := strconv.Atoi(args[0]); err != nil || pid < 1 {
			return call, fmt.Errorf("%q is not the process id of a worker (see wsbridge workers)", args[0])
		}
		call.Query = url.Values{"pid": args}
		return call, nil
	}, writeKilled)
}

func writeKilled(out io.Writer, k *api.Killed) {
	text := fmt.Sprintf("worker %d was killed", k.Worker.PID)
	if r := k.Worker.Runs; r != nil {
		text += "; it ran " + runText(r)
	}
	fmt.Fprintln(out, text)
}

// aloneWorker is the kind of the worker that runs events one after the other.
const aloneWorker = "alone"

// tellDelay is how long a command waits for the end of an event before it says so.
const tellDelay = 3 * time.Second

// tellLong says which event the end of a worker waits for, if ctx has not ended before.
func (c *command) tellLong(ctx context.Context, server *api.Client) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(tellDelay):
	}
	r, err := api.Ask[api.Residents](ctx, server, api.Call{Method: http.MethodGet, Path: "/v1/workers"})
	if err != nil {
		return // the command's own call tells
	}
	for i := range r.Workers {
		if w := &r.Workers[i]; w.Kind == aloneWorker && w.Runs != nil {
			fmt.Fprintf(c.ErrOrStderr(), "wsbridge: worker %d is replaced when its event has ended: it runs %s; "+
				"wsbridge workers kill ends it now, and the event fails\n", w.PID, runText(w.Runs))
		}
	}
}

func writeRecycled(out io.Writer, r *api.Recycled) {
	fmt.Fprintf(out, "worker %d has taken over from worker %d, which ran %s in %s\n", r.After.PID, r.Before.PID,
		terminal.Plural(int(r.Before.Events), "event"), age(r.Before.Age()))
}

func writeResidents(out io.Writer, r *api.Residents) {
	fmt.Fprintln(out, residentsText(r))
	if r.Enabled {
		fmt.Fprintln(out)
		write(out, "", workerRows(r))
	}
}

// residentsText says whether workers stay, and how often that has gone wrong.
func residentsText(r *api.Residents) string {
	if !r.Enabled {
		return "no resident workers, since " + r.Why + ": each event is a request of its own"
	}
	text := "events run in a resident worker"
	if r.Stateless {
		text = "no resident worker can be started: events run in requests of their own, and nothing is kept"
	}
	if r.Broken != "" && !r.Stateless {
		text += "; the application's code cannot be loaded any more, and what was loaded before goes on: " + oneLine(r.Broken)
	}
	var replaced uint64
	for _, n := range r.Replaced {
		replaced += n
	}
	if replaced > 0 {
		text += fmt.Sprintf("; replaced %s so far", times(replaced))
	}
	if f := r.BootFailure; f != nil {
		text += fmt.Sprintf("; %d could not be started, the last %s ago: %s", r.BootsFailed, age(time.Since(f.Time)), oneLine(f.Error))
	}
	return text
}

// times returns how often something was done.
func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// maxLatest is how many of the workers that have ended the status has.
const maxLatest = 3

// latestWorkers returns the workers that there are, and a few that have ended, as a table.
func latestWorkers(r *api.Residents) [][]string {
	if !r.Enabled {
		return nil
	}
	few := *r
	few.Ended = r.Ended[:min(len(r.Ended), maxLatest)]
	return workerRows(&few)
}

// workerRows returns the workers that there are, and those that have ended, as a table.
func workerRows(r *api.Residents) [][]string {
	rows := [][]string{{"KIND", "PID", "AGE", "EVENTS", "MEMORY", "CODE", ""}}
	for i := range r.Workers {
		w := &r.Workers[i]
		rows = append(rows, append(workerRow(w), doesNow(w)))
	}
	for i := range r.Ended {
		w := &r.Ended[i]
		rows = append(rows, append(workerRow(w), "ended "+age(time.Since(*w.Ended))+" ago: "+oneLine(w.Reason)))
	}
	return rows
}

// doesNow says what a worker runs, and why it will leave.
func doesNow(w *api.Worker) string {
	var texts []string
	if r := w.Runs; r != nil {
		texts = append(texts, "runs "+runText(r))
	}
	if w.Reason != "" {
		texts = append(texts, "leaves: "+oneLine(w.Reason))
	}
	return strings.Join(texts, "; ")
}

// runText says what a worker runs.
func runText(r *api.Running) string {
	text := oneLine(r.Event)
	if r.Client != 0 {
		text += fmt.Sprintf(" of client %d", r.Client)
	}
	text += " for " + age(time.Since(r.Since))
	if r.Behind > 0 {
		text += fmt.Sprintf(", %d behind it", r.Behind)
	}
	return text
}

func workerRow(w *api.Worker) []string {
	memory := none
	if w.Memory > 0 {
		memory = size(uint64(w.Memory))
	}
	return []string{w.Kind, strconv.Itoa(w.PID), age(w.Age()), strconv.FormatInt(w.Events, 10), memory, orNone(shortCode(w.Code))}
}

// maxCode is how many characters of a fingerprint are shown: enough to see that two differ.
const maxCode = 8

func shortCode(code string) string { return code[:min(len(code), maxCode)] }
