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

// mostIdle is what an idle client may cost, in bytes of heap and stacks.
const mostIdle = 16 << 10

// measureIdle asks the Go runtime what idle clients, held by another process, cost a bridge in this one.
func measureIdle(ctx context.Context, o options) (err error) {
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
	each := memory().less(before).of(int64(o.idle))
	fmt.Printf("\nan idle client of %d\n\n| what | wanted | measured | in each round | |\n| --- | ---: | ---: | --- | --- |\n", o.idle)
	printTarget(0, [][]target{{{"heap and stacks, in bytes", limit{"≤", mostIdle}, float64(each.heap + each.stacks), whole}}})
	printTarget(0, [][]target{{{"… heap", limit{}, float64(each.heap), whole}}})
	printTarget(0, [][]target{{{"… stacks", limit{}, float64(each.stacks), whole}}})
	printTarget(0, [][]target{{{"resident", limit{}, float64(each.resident), whole}}})
	return nil
}

type memoryUse struct{ heap, stacks, resident int64 }

func (m memoryUse) less(other memoryUse) memoryUse {
	return memoryUse{m.heap - other.heap, m.stacks - other.stacks, m.resident - other.resident}
}

func (m memoryUse) of(n int64) memoryUse { return memoryUse{m.heap / n, m.stacks / n, m.resident / n} }

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
