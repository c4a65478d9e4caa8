package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profileAll has each wsbridge do the job once more, after the measurement, and writes its CPU profile, if -profile asks for it.
func (o options) profileAll(ctx context.Context, all contenders, j job) error {
	if o.profile == "" {
		return nil
	}
	for _, c := range all {
		if c.control == "" {
			continue
		}
		endless := j
		endless.length = math.MaxInt64
		job := func(ctx context.Context) error {
			_, _, err := c.drive(ctx, endless)
			return err
		}
		if err := c.profile(ctx, job, filepath.Join(o.profile, c.name+".pprof")); err != nil {
			return fmt.Errorf("profile: %w", c.failed(err))
		}
	}
	return nil
}

// profiledSeconds are enough for a hundred samples of a function that takes a tenth of the time.
const profiledSeconds = 10

// profile writes wsbridge's CPU profile, taken while it does the job, for go tool pprof. The job goes on until ctx ends.
func (c *contender) profile(ctx context.Context, job func(context.Context) error, file string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	driven := make(chan error, 1)
	go func() { // ends when the profile is there
		driven <- job(ctx)
		stop() // without a load there is nothing to wait for
	}()
	err := c.writePage(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", profiledSeconds), file)
	stop()
	if drivenErr := <-driven; !errors.Is(drivenErr, context.Canceled) {
		err = errors.Join(err, drivenErr)
	}
	return err
}

// writePage writes a page of wsbridge's control API to a file.
func (c *contender) writePage(ctx context.Context, path, file string) error {
	text, err := c.page(ctx, path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// page gets a page of wsbridge's control API.
func (c *contender) page(ctx context.Context, path string) (text []byte, err error) {
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", c.control)
		}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, resp.Status)
	}
	return io.ReadAll(resp.Body)
}
