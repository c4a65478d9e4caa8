package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
)

// measureMemory holds a bridge in this process, so that the Go runtime can be asked, and its idle clients in another.
func measureMemory(ctx context.Context, o options) (err error) {
	p, err := startPHP(ctx, echoing, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	b, err := bridge.New(idleConfig(p))
	if err != nil {
		return err
	}
	if err := b.Initialize(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- b.Serve(serving, l, nil) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()

	before := memory()
	clients, err := startIdle(l.Addr().String(), 0, o.idle)
	if err != nil {
		return err
	}
	defer clients.stop()
	after := memory()
	fmt.Printf("\n%d idle clients cost each: heap %d B, stacks %d B, resident %d B\n", o.idle,
		(after.heap-before.heap)/int64(o.idle), (after.stacks-before.stacks)/int64(o.idle), (after.resident-before.resident)/int64(o.idle))
	return nil
}

func idleConfig(p *php) bridge.Config {
	const long = time.Hour
	return bridge.Config{
		PHP: p.client, Logger: slog.New(slog.DiscardHandler), Isolation: bridge.PerConnection, Parallel: workers, LoopInterval: long,
		MaxMessage: 16 << 20, EventQueue: 64, EventQueueTotal: 1 << 14, EventQueueTotalBytes: 256 << 20, SendQueue: 1024, SendQueueBytes: 32 << 20, HandshakeTimeout: time.Minute,
		WriteTimeout: time.Minute, PingInterval: long, PongTimeout: long, QueueWait: time.Minute, UnavailableWait: time.Minute,
		DrainTimeout: time.Minute,
	}
}

type memoryUse struct{ heap, stacks, resident int64 }

func memory() memoryUse {
	runtime.GC()
	runtime.GC() // what finalizers of the first have let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memoryUse{int64(m.HeapAlloc), int64(m.StackInuse), resident()}
}

// resident is VmRSS of proc(5), status, in bytes.
func resident() int64 {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}
