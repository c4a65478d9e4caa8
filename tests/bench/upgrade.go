package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// askingThroughout are clients that ask all the time while others are idle.
const askingThroughout = 4

// upgraded is one hand-over.
type upgraded struct {
	longest, usual time.Duration // waits for an echo: the longest from a moment before to a moment after, and the median before
	held           time.Duration // as the server tells
	took           time.Duration // in all
	before, peak   int64         // bytes: of the old process, and of both at most
	after          int64         // of the new one
}

// measureUpgrade has a process take over from another one that has many idle clients, with a journal and without one.
func measureUpgrade(ctx context.Context, o options) error {
	var figures []figure
	for _, journal := range []string{"", journalOn} {
		var all []upgraded
		for range min(o.rounds, idleRounds) {
			u, err := measureHandOver(ctx, o, journal)
			if err != nil {
				return err
			}
			all = append(all, u)
		}
		figures = append(figures, upgradeFigures(o, journal, all)...)
	}
	printFigures(figures)
	return nil
}

func upgradeFigures(o options, journal string, all []upgraded) []figure {
	times := func(name string, wanted limit, of func(upgraded) time.Duration) figure {
		values := each(all, func(u upgraded) float64 { return float64(of(u)) })
		return figure{name: name, value: brief(median(values)), limit: wanted, write: brief, values: values}
	}
	memory := func(name string, wanted limit, of func(upgraded) int64) figure {
		some, one := each(all, func(u upgraded) float64 { return float64(of(u)) }), each(all, func(u upgraded) float64 { return float64(u.before) })
		return figure{name: name, value: kilobytes(median(some)) + " to " + kilobytes(median(one)), limit: wanted, write: ratio, values: ratios(some, one)}
	}
	with := "without a journal"
	if journal != "" {
		with = "with a journal"
	}
	return []figure{
		times(fmt.Sprintf("hand-over of %d idle clients, %s: longest wait for an echo", o.idle, with), limit{"≤", 500e6},
			func(u upgraded) time.Duration { return u.longest }),
		times("… median wait before", limit{}, func(u upgraded) time.Duration { return u.usual }),
		times("… clients are held", limit{}, func(u upgraded) time.Duration { return u.held }),
		times("… all of it", limit{}, func(u upgraded) time.Duration { return u.took }),
		memory("… memory (Pss) of both processes: to that of one before", limit{"≤", 2.2}, func(u upgraded) int64 { return u.peak }),
		memory("… of the new one after: to that of the old one before", limit{}, func(u upgraded) int64 { return u.after }),
	}
}

// measureHandOver needs a new server each time, since memory is that of a process that has had its clients from the beginning.
func measureHandOver(ctx context.Context, o options, journal string) (u upgraded, err error) {
	s, err := startServer(o.journaling(echoingToTheEnd, journal))
	if err != nil {
		return u, err
	}
	pid := s.cmd.Process.Pid
	defer func() { err = errors.Join(err, s.stopBoth(pid)) }()
	callers, hangUp, err := s.echoes(askingThroughout)
	if err != nil {
		return u, err
	}
	defer hangUp()
	idle, err := holdIdle(s.log.address, askingThroughout, o.idle)
	if err != nil {
		return u, err
	}
	defer idle.stop()
	if err := awaitQuiet(s.own()); err != nil {
		return u, err
	}
	before, length, err := drive(ctx, callers, o.duration)
	if err != nil {
		return u, err
	}
	_, u.usual, _ = before.summary(length)

	asking, stop := context.WithCancel(ctx)
	var during latencies
	var askErr, upgradeErr error
	var group sync.WaitGroup
	group.Go(func() { during, askErr = driveUntil(asking, callers) })
	u.before = sharedMemory(s.own())
	watch := watchMemory(s.cmd.Process.Pid)
	began := time.Now()
	pid, u.held, upgradeErr = s.upgrade(ctx)
	u.took = time.Since(began)
	u.peak = watch()
	time.Sleep(o.duration) // clients go on
	u.after = sharedMemory([]int{pid})
	stop()
	group.Wait()
	for _, took := range during {
		for _, t := range took {
			u.longest = max(u.longest, t)
		}
	}
	return u, errors.Join(askErr, upgradeErr)
}

// driveUntil is drive until ctx ends, which is no error.
func driveUntil(ctx context.Context, callers []call) (latencies, error) {
	took, errs := make(latencies, len(callers)), make([]error, len(callers))
	var group sync.WaitGroup
	for i, c := range callers {
		group.Go(func() { took[i], errs[i] = repeat(ctx, c) })
	}
	group.Wait()
	return took, errors.Join(errs...)
}

// memoryInterval is how often the memory of a hand-over is looked at.
const memoryInterval = 20 * time.Millisecond

// watchMemory looks at the memory of a process and of those of the same program that it starts, until the returned function is called, which
// returns the highest sum.
func watchMemory(pid int) (stop func() int64) {
	ended, highest := make(chan struct{}), make(chan int64)
	go func() { // ends with stop
		most := int64(0)
		for tick := time.NewTicker(memoryInterval); ; {
			select {
			case <-ended:
				tick.Stop()
				highest <- most
				return
			case <-tick.C:
				most = max(most, sharedMemory(sameProgram(pid)))
			}
		}
	}()
	return func() int64 {
		close(ended)
		return <-highest
	}
}

// sameProgram returns a process and its children that run the same program.
func sameProgram(pid int) (all []int) {
	program := programOf(pid)
	for _, child := range append(children(pid), pid) {
		if programOf(child) == program {
			all = append(all, child)
		}
	}
	return all
}

func programOf(pid int) string {
	path, _ := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	return path
}

// upgrade has another process take over, and returns which one and how long clients were held.
func (s *server) upgrade(ctx context.Context) (pid int, held time.Duration, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", s.controlSocket())
		}}}
	pid = s.cmd.Process.Pid
	program, err := filepath.Abs(s.cmd.Path)
	if err != nil {
		return pid, 0, err
	}
	body, err := json.Marshal(map[string]string{"program": program})
	if err != nil {
		return pid, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/v1/upgrade", bytes.NewReader(body))
	if err != nil {
		return pid, 0, err
	}
	resp, err := client.Do(request)
	if err != nil {
		return pid, 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var done struct {
		Error string
		After struct{ PID int }
		Held  int64 `json:"held_us"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&done); err != nil {
		return pid, 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return pid, 0, fmt.Errorf("upgrade: %s: %s", resp.Status, done.Error)
	}
	return done.After.PID, time.Duration(done.Held) * time.Microsecond, nil
}

// stopBoth is stop for a server from which a process may have taken over: its log goes on in the pipe that Wait closes.
func (s *server) stopBoth(pid int) error {
	if pid == s.cmd.Process.Pid {
		return s.stop()
	}
	_ = syscall.Kill(pid, syscall.SIGINT)
	for began := time.Now(); isRunning(pid); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			return fmt.Errorf("process %d, which has taken over, does not end", pid)
		}
	}
	return errors.Join(s.cmd.Wait(), os.RemoveAll(s.dir))
}

// isRunning reports whether a process has not ended, even if nobody waits for it.
func isRunning(pid int) bool {
	fields := stat(pid)
	return fields != nil && fields[0] != "Z"
}
