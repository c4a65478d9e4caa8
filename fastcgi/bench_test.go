package fastcgi

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/yookoala/gofast"

	"github.com/wsbridge/wsbridge/protocol"
)

// BenchmarkExchange measures a small event with two effects, on kept connections to a php-fpm with 4 workers.
func BenchmarkExchange(b *testing.B) {
	s := newSite(b)
	s.own(b, 4)
	for _, callers := range []int{1, 4} {
		name := map[int]string{1: "serial", 4: "parallel"}[callers]
		b.Run("wsbridge/"+name, func(b *testing.B) {
			c := s.client(b)
			share(b, callers, func(int) error { return smallExchange(b, c) })
		})
		b.Run("gofast/"+name, func(b *testing.B) {
			c := s.client(b) // for the parameters; it connects to nothing
			clients := make([]gofast.Client, callers)
			for i := range clients {
				clients[i] = dialGofast(b, c)
			}
			share(b, callers, func(caller int) error { return smallGofast(b, clients[caller], c) })
		})
	}
}

// share runs b.N operations in several goroutines.
func share(b *testing.B, callers int, op func(caller int) error) {
	b.ReportAllocs()
	b.ResetTimer()
	work := make(chan struct{}, b.N)
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	before := cpuTime(b)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for range work {
				if err := op(caller); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpuTime returns the CPU time of this process, which is without php-fpm.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var errNoEffect = errors.New("no effect")

func smallExchange(b *testing.B, c *Client) error {
	event := protocol.Event{Kind: protocol.Text, Seq: 1, Client: 1, Payload: []byte("echo:hello"), Open: new("1-12")}
	sent := false
	err := c.Run(b.Context(), func(e *protocol.Effect) error {
		sent = sent || e.Send != nil
		return nil
	}, &event)
	if err == nil && !sent {
		err = errNoEffect
	}
	return err
}

func dialGofast(b *testing.B, c *Client) gofast.Client {
	b.Helper()
	client, err := gofast.SimpleClientFactory(gofast.SimpleConnFactory(c.cfg.Network, c.cfg.Address))()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	return client
}

func smallGofast(b *testing.B, client gofast.Client, c *Client) error {
	event := protocol.Event{Kind: protocol.Text, Seq: 1, Client: 1, Payload: []byte("echo:hello"), Open: new("1-12")}
	answer, err := client.Do(gofastRequest(b, c, c.server, string(event.AppendTo(nil))))
	if err != nil {
		return err
	}
	w := &rawResponse{header: http.Header{}}
	if err := answer.WriteTo(w, io.Discard); err != nil {
		return err
	}
	if !strings.Contains(w.body.String(), "hello") {
		return errNoEffect
	}
	return nil
}
