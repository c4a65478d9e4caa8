package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// measureMemory asks the Go runtime what idle clients, held by another process, cost a bridge in this one.
func measureMemory(ctx context.Context, o options) (err error) {
	h, err := startHere(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	before := memory()
	clients, err := startIdle(h.address, 0, o.idle)
	if err != nil {
		return err
	}
	defer clients.stop()
	after := memory()
	fmt.Printf("\n%d idle clients cost each: heap %d B, stacks %d B, resident %d B\n", o.idle,
		(after.heap-before.heap)/int64(o.idle), (after.stacks-before.stacks)/int64(o.idle), (after.resident-before.resident)/int64(o.idle))
	return nil
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
