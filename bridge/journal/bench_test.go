package journal

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var benchPayload = []byte(strings.Repeat("x", 200))

func benchDocument(b *testing.B, j *Journal) {
	id, err := j.Accept(b.Context(), Document{Source: "pipe", Payload: benchPayload})
	if err != nil {
		b.Error(err)
		return
	}
	if err := j.Begin(b.Context(), id, id); err != nil {
		b.Error(err)
		return
	}
	j.End(id)
}

// BenchmarkDocument accepts, begins and ends a document, with so many callers, and with a sync as often or each time.
func BenchmarkDocument(b *testing.B) {
	for _, callers := range []int{1, 16} {
		for _, interval := range []time.Duration{0, 100 * time.Millisecond} {
			b.Run(fmt.Sprintf("callers=%d/sync=%s", callers, interval), func(b *testing.B) {
				j := mustOpen(b, b.TempDir(), Options{Sync: interval})
				b.SetParallelism((callers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
				b.ReportAllocs()
				if callers == 1 {
					for b.Loop() {
						benchDocument(b, j)
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						benchDocument(b, j)
					}
				})
			})
		}
	}
}

// BenchmarkSetRow is what it costs the caller, who has a lock. Rows are those of 1,000 clients.
func BenchmarkSetRow(b *testing.B) {
	j := mustOpen(b, b.TempDir(), Options{Sync: 100 * time.Millisecond})
	for key := range int64(1000) {
		mustOwe(b, j, Client{Key: key})
	}
	row := fields("peer_name", `"192.0.2.1:5"`, "state", `"OPEN"`, "buffer", "[]", "ping_time", "false", "pong_time", "false", "name", `"a name"`)
	b.ReportAllocs()
	key := int64(0)
	for b.Loop() {
		j.SetRow(key%1000, row)
		key++
	}
}

// BenchmarkOwe owes and settles a close event.
func BenchmarkOwe(b *testing.B) {
	j := mustOpen(b, b.TempDir(), Options{Sync: 100 * time.Millisecond})
	c := aClient(0)
	c.Environment = []byte(strings.Repeat("x", 2000))
	for b.Loop() {
		c.Key++
		mustOwe(b, j, c)
		j.Settle(c.Key)
	}
}

// BenchmarkOpen opens a journal with 100,000 clients and their rows.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	j := mustOpen(b, dir, Options{Sync: time.Hour})
	row := fields("peer_name", `"192.0.2.1:5"`, "state", `"OPEN"`, "buffer", "[]", "name", strconv.Quote(strings.Repeat("x", 200)))
	var callers sync.WaitGroup
	for first := range int64(100) {
		callers.Go(func() {
			for key := first * 1000; key < (first+1)*1000; key++ {
				mustOwe(b, j, Client{Key: key, Peer: "192.0.2.1:5", Environment: benchPayload, Row: row})
			}
		})
	}
	callers.Wait()
	mustClose(b, j)
	for b.Loop() {
		j, err := Open(dir, Options{Sync: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		if n := len(j.Left().Clients); n != 100_000 {
			b.Fatal(n)
		}
		b.StopTimer()
		mustClose(b, j)
		b.StartTimer()
	}
}

// BenchmarkMemory tells by how much an idle journal makes the process larger, in kB.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := residentKB(b)
		j := mustOpen(b, b.TempDir(), Options{Sync: time.Hour})
		idle := residentKB(b) - before
		for range 20_000 {
			benchDocument(b, j)
		}
		b.ReportMetric(float64(idle), "kB-idle")
		b.ReportMetric(float64(residentKB(b)-before), "kB-used")
		mustClose(b, j)
	}
}

func residentKB(b *testing.B) int {
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize() / 1024
}
