package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// announcing has a text echoed, and a document sent to all.
const announcing = echoing + "\n" + closing + `function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	foreach ($connections as $key=>$connection) { send_text($key,$fifo_data); }
}
`

const (
	fewDocuments  = 256  // that are under way: fewer than wait in memory
	manyDocuments = 8192 // more than that
	posting       = 16   // callers of the control API
)

// measureJournaledDocuments compares documents that come through the pipe and by the control API.
func measureJournaledDocuments(ctx context.Context, o options) (figures []figure, err error) {
	err = o.onServers(announcing, func(servers [sides]*server) error {
		var listeners [sides]*client
		for side, s := range servers {
			clients, hangUp, err := dialPlain(s.log.address, 1)
			if err != nil {
				return err
			}
			defer hangUp()
			listeners[side] = clients[0]
			for began := time.Now(); time.Since(began) < settling; {
				if _, _, err := writeDocuments(s, listeners[side], fewDocuments, o.duration/4); err != nil {
					return err
				}
			}
		}
		for _, most := range []int{fewDocuments, manyDocuments} {
			results, err := measureOnBoth(ctx, o, func(side int) (result, error) {
				s := servers[side]
				return measureDriven(s.own, s.php, func() (latencies, time.Duration, error) {
					return writeDocuments(s, listeners[side], most, o.duration)
				})
			})
			if err != nil {
				return err
			}
			figures = append(figures, figureRates(fmt.Sprintf("documents/s through the pipe, %d under way, with a journal: to without", most),
				limit{"≥", 0.7}, results[now], results[before]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	posted, err := measurePosted(ctx, o)
	return append(figures, posted...), err
}

// measurePosted has callers of the control API wait for the end of each document's event. No client is there.
func measurePosted(ctx context.Context, o options) (figures []figure, err error) {
	var results measured
	err = o.onServers(announcing, func(servers [sides]*server) error {
		var callers [sides][]call
		for side, s := range servers {
			some, hangUp, err := posts("unix", s.controlSocket(), posting, posted)
			if err != nil {
				return err
			}
			defer hangUp()
			callers[side] = some
			if _, _, err := drive(ctx, some, settling); err != nil {
				return err
			}
		}
		results, err = measureOnBoth(ctx, o, func(side int) (result, error) { return servers[side].measure(ctx, callers[side], o.duration) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return []figure{figureRates(fmt.Sprintf("documents/s by POST /v1/fifo, %d callers that wait for the end, with a journal: to without", posting),
		limit{"≥", 0.7}, results[now], results[before])}, nil
}

func measureOnBoth(ctx context.Context, o options, measure func(side int) (result, error)) (results measured, err error) {
	err = onBoth(ctx, o.rounds, func(side int) error {
		r, err := measure(side)
		results[side] = append(results[side], r)
		return err
	})
	return results, err
}

// writeDocuments writes documents to the pipe for a time, of which at most so many have not come to the listener. It returns how long each took.
func writeDocuments(s *server, listener *client, most int, d time.Duration) (latencies, time.Duration, error) {
	pipe, err := os.OpenFile(filepath.Join(s.dir, "pipe"), os.O_WRONLY, 0)
	if err != nil {
		return nil, 0, err
	}
	defer pipe.Close()
	began := time.Now()
	if err := listener.SetDeadline(began.Add(d + patience)); err != nil {
		return nil, 0, err
	}
	underWay := make(chan time.Time, most)
	var writeErr error
	var group sync.WaitGroup
	group.Go(func() {
		defer close(underWay)
		for time.Since(began) < d && writeErr == nil {
			underWay <- time.Now()
			_, writeErr = io.WriteString(pipe, message)
		}
	})
	var took []time.Duration
	for at := range underWay {
		if err == nil {
			err = listener.receive()
			took = append(took, time.Since(at))
		}
	}
	group.Wait()
	return latencies{took}, time.Since(began), errors.Join(err, writeErr)
}

// posted sends a document and waits until its event has ended.
func posted(conn net.Conn) call {
	request := fmt.Sprintf("POST /v1/fifo HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%s", len(message), message)
	in := bufio.NewReader(conn)
	return func() error {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			err = errors.Join(err, fmt.Errorf("%s: %s", resp.Status, text))
		}
		return errors.Join(err, resp.Body.Close())
	}
}
