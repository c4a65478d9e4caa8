package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/fastcgi/resident"
)

// report returns how the resident workers are, or nil if there is no pool for them.
func (b *backend) report() *resident.Report {
	lane := b.lane.Load()
	if lane == nil {
		return nil
	}
	r := lane.Report()
	return &r
}

// residents returns report as the control API has it.
func (b *backend) residents() api.Residents {
	a := api.Residents{Replaced: map[string]uint64{}, Workers: []api.Worker{}, Ended: []api.Worker{}}
	r := b.report()
	if r == nil {
		return a
	}
	a.Enabled, a.Stateless, a.MemoryLimit, a.BootsFailed = true, r.Stateless, r.MemoryLimit, r.Failed.Times
	a.Broken = r.Broken
	if r.Failed.Times > 0 {
		a.BootFailure = &api.BootFailure{Time: apiTime(r.Failed.Last), Error: r.Failed.Error}
	}
	for cause, n := range r.Replaced {
		a.Replaced[string(cause)] = n
	}
	for _, i := range r.Workers {
		a.Workers = append(a.Workers, apiWorker(i))
	}
	for _, i := range slices.Backward(r.Ended) {
		a.Ended = append(a.Ended, apiWorker(i))
	}
	return a
}

// residents returns how the resident workers are, or why there are none.
func (s *server) residents() api.Residents {
	a := s.backend.residents()
	if !a.Enabled {
		a.Why = s.cfg.Load().PHP.NoResidents()
	}
	return a
}

// errNoResidents is the error of recycle if there is no pool for resident workers, which a reload can bring about at any time.
var errNoResidents = errors.New("there are no resident workers")

// recycle has the worker that runs events replaced, and blocks until that is done.
func (b *backend) recycle(ctx context.Context) (*api.Recycled, error) {
	lane := b.lane.Load()
	if lane == nil {
		return nil, errNoResidents
	}
	r, err := lane.Replace(ctx, resident.ByOperator)
	if err != nil {
		return nil, err
	}
	return &api.Recycled{Before: apiWorker(r.Before), After: apiWorker(r.After)}, nil
}

// kill ends a resident worker and the event that it runs, and blocks until that is done. The errors that are not the context's are *api.Errors.
func (b *backend) kill(ctx context.Context, pid int) (*api.Killed, error) {
	lane := b.lane.Load()
	if lane == nil {
		return nil, &api.Error{Status: http.StatusConflict, Text: errNoResidents.Error()}
	}
	info, err := lane.Kill(ctx, pid)
	switch {
	case err == nil:
		return &api.Killed{Worker: apiWorker(info)}, nil
	case errors.Is(err, resident.ErrIdle):
		return nil, &api.Error{Status: http.StatusConflict, Text: fmt.Sprintf("worker %d is not killed: %v", info.PID, err)}
	case errors.Is(err, resident.ErrUnknownWorker):
		return nil, &api.Error{Status: http.StatusNotFound, Text: fmt.Sprintf("%v %d", err, pid)}
	case errors.Is(err, resident.ErrNoWorker):
		return nil, &api.Error{Status: http.StatusConflict, Text: err.Error()}
	}
	return nil, err
}

func apiWorker(i resident.Info) api.Worker {
	w := api.Worker{PID: i.PID, Kind: string(i.Kind), Started: apiTime(i.Started), Events: i.Events, Memory: i.Memory, Code: i.Code,
		Reason: i.Reason, Cause: string(i.Cause)}
	if !i.Ended.IsZero() {
		ended := apiTime(i.Ended)
		w.Ended = &ended
	}
	if r := i.Runs; r != nil {
		w.Runs = &api.Running{Event: string(r.Kind), Client: r.Client, Since: apiTime(r.Since), Behind: r.Behind}
	}
	return w
}

// apiTime returns a time as the control API writes it.
func apiTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
