package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/protocol"
)

// journaledClients are those that a crash has left in the journal.
const journaledClients = 100_000

// start is how long a wsbridge took to start.
type start struct {
	listening time.Duration // until the application has started
	serving   time.Duration // until a client is in, after the close events
	cpu       time.Duration // wsbridge's, until then
}

// measureStarts starts wsbridge with a journal that a crash has left full, and with an empty one.
func measureStarts(ctx context.Context, o options) ([]figure, error) {
	var starts [sides][]start
	err := onBoth(ctx, min(o.rounds, idleRounds), func(side int) error {
		clients := 0
		if side == now {
			clients = journaledClients
		}
		s, err := measureStart(o, clients)
		starts[side] = append(starts[side], s)
		return err
	})
	if err != nil {
		return nil, err
	}
	more := func(name string, wanted limit, of func(start) float64) figure {
		full, empty := each(starts[now], of), each(starts[before], of)
		values := make([]float64, len(full))
		for i := range full {
			values[i] = full[i] - empty[i]
		}
		return figure{name: name, value: brief(median(full)) + " to " + brief(median(empty)), limit: wanted, write: brief, values: values}
	}
	perCore := limit{"≤", 2e9 * float64(runtime.NumCPU())}
	name := fmt.Sprintf("start with %d journaled rows until wsbridge listens: more than with none", journaledClients)
	return []figure{
		more(name, limit{"≤", 2e9}, func(s start) float64 { return float64(s.listening) }),
		more("… until a client is in, after all close events", limit{}, func(s start) float64 { return float64(s.serving) }),
		more("… wsbridge's CPU time", perCore, func(s start) float64 { return float64(s.cpu) }),
	}, nil
}

func measureStart(o options, clients int) (took start, err error) {
	s := &server{}
	if s.dir, err = writeApplication(echoingToTheEnd); err != nil {
		return took, err
	}
	if err := fillJournal(s.journalDir(), clients); err != nil {
		return took, errors.Join(err, os.RemoveAll(s.dir))
	}
	began := time.Now()
	if err := s.start(o.journaling(echoingToTheEnd, journalRows)); err != nil {
		return took, errors.Join(err, os.RemoveAll(s.dir))
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	took.listening = time.Since(began)
	_, hangUp, err := dialPlain(s.log.address, 1)
	if err != nil {
		return took, err
	}
	defer hangUp()
	took.serving, took.cpu = time.Since(began), cpuOfAll(s.own())
	return took, nil
}

// fillJournal makes a journal as a crash leaves it, with clients that have rows.
func fillJournal(dir string, clients int) (err error) {
	j, err := journal.Open(dir, journal.Options{Sync: time.Minute})
	if err != nil {
		return err
	}
	row := protocol.Fields{{Name: "name", Value: []byte(`"` + strings.Repeat("x", 200) + `"`)}}
	const callers = 100
	errs := make([]error, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for key := i + 1; key <= clients && errs[i] == nil; key += callers {
				errs[i] = j.Owe(context.Background(), journal.Client{Key: int64(key), Peer: "127.0.0.1:5", ConnectedAt: time.Now(), Row: row})
			}
		})
	}
	group.Wait()
	return errors.Join(errors.Join(errs...), j.Close())
}
