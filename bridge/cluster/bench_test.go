package cluster

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// roundTrip measures a PING on the connection that steps use.
func roundTrip(b *testing.B, r *Redis) time.Duration {
	client, err := r.conn.get(within(b))
	if err != nil {
		b.Fatal(err)
	}
	const n = 2000
	began := time.Now()
	for range n {
		if err := client.Do(b.Context(), client.B().Ping().Build()).Error(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / n
}

func startBench(b *testing.B) (*server, *Member, *Redis) {
	s := startServerAt(b, freePort(b))
	engine := open(b, s.url())
	m, err := Start(within(b), engine, Options{Lease: patient, Settle: time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Close(within(b)) })
	return s, m, engine
}

// readAll reads for a member until it is closed, and tells each entry's offset.
func readAll(b *testing.B, m *Member, tell func(Entry)) {
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			entries, err := m.Read(b.Context())
			if err != nil {
				return
			}
			for _, e := range entries {
				tell(e)
			}
		}
	})
	b.Cleanup(reading.Wait)
}

// BenchmarkAppendRead appends an entry on one machine and waits until another has read it; "trips" is that in round trips to Redis.
func BenchmarkAppendRead(b *testing.B) {
	s, m, engine := startBench(b)
	other := open(b, s.url())
	reader, err := Start(within(b), other, Options{Lease: patient, Settle: time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	got := make(chan struct{}, 1)
	readAll(b, reader, func(e Entry) {
		if e.Kind == Data {
			got <- struct{}{}
		}
	})
	defer reader.Close(within(b))
	trip := roundTrip(b, engine)
	data := []byte(strings.Repeat("x", 200))
	for b.Loop() {
		if _, err := m.Append(b.Context(), data); err != nil {
			b.Fatal(err)
		}
		<-got
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(trip), "trips")
}

// BenchmarkAppend appends entries of so many callers.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			_, m, engine := startBench(b)
			readAll(b, m, func(Entry) {})
			defer m.Close(within(b))
			trip := roundTrip(b, engine)
			data := []byte(strings.Repeat("x", 200))
			var left atomic.Int64
			left.Store(int64(b.N))
			var appenders sync.WaitGroup
			b.ResetTimer()
			for range callers {
				appenders.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := m.Append(b.Context(), data); err != nil {
							b.Error(err)
						}
					}
				})
			}
			appenders.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(trip), "trips/entry")
		})
	}
}

// BenchmarkSteps runs single steps, to be compared with PING.
func BenchmarkSteps(b *testing.B) {
	_, m, engine := startBench(b)
	id := m.Identity()
	b.Run("ping", func(b *testing.B) {
		b.ReportMetric(float64(roundTrip(b, engine)), "ns/ping")
	})
	b.Run("keys", func(b *testing.B) {
		for b.Loop() {
			if _, err := engine.TakeKeys(b.Context(), id, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("beat", func(b *testing.B) {
		for b.Loop() {
			if _, err := engine.Beat(b.Context(), id, Pulse{Lease: patient, MaxLog: 1000}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
