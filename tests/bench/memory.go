package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// mostIdle is what an idle client may cost, in bytes of heap and stacks.
const mostIdle = 16 << 10

// measureIdle asks the Go runtime what idle clients, held by another process, cost a bridge in this one.
func measureIdle(ctx context.Context, o options) (err error) {
	b, err := startInProcess(ctx, echoing, unchanged)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	before := memory()
	clients, err := holdIdle(b.address, 0, o.idle)
	if err != nil {
		return err
	}
	defer clients.stop()
	after := memory()
	per := func(of func(memoryUse) int64) []float64 {
		return []float64{float64((of(after) - of(before)) / int64(o.idle))}
	}
	fmt.Printf("\nan idle client of %d, in bytes\n\n", o.idle)
	printRows([]row{
		{"heap and stacks", limit{"≤", mostIdle}, whole, per(func(m memoryUse) int64 { return m.heap + m.stacks })},
		{"… heap", limit{}, whole, per(func(m memoryUse) int64 { return m.heap })},
		{"… stacks", limit{}, whole, per(func(m memoryUse) int64 { return m.stacks })},
		{"resident", limit{}, whole, per(func(m memoryUse) int64 { return m.resident })},
	})
	return nil
}

// memoryUse is this process's, in bytes.
type memoryUse struct{ heap, stacks, resident int64 }

func memory() memoryUse {
	runtime.GC()
	runtime.GC() // what the first one's finalizers have released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memoryUse{int64(m.HeapAlloc), int64(m.StackInuse), kibibytes("/proc/self/status", "VmRSS:") << 10}
}
