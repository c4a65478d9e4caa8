package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// residentPool is in the titles of resident workers: php-fpm's name of their pool.
const residentPool = "wsbridge-resident"

// Echoes before a resident worker's memory is first looked at, and before it is again.
const fewEchoes, manyEchoes = 10_000, 1_000_000

// measureWorker compares a resident worker's memory after few echoes with that after many.
func measureWorker(ctx context.Context, b *residents) (figures []figure, err error) {
	f := figure{name: fmt.Sprintf("PSS of a resident worker after %d echoes, to after %d", manyEchoes, fewEchoes), limit: limit{"≤", 1.05}, write: ratio}
	if !b.knowsKey {
		f.missing = b.binary + " does not know php.resident"
		return []figure{f}, nil
	}
	c, err := startBridgeContender("worker", b.now(echoing), b.clients)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	j := b.echoJob()
	j.events = fewEchoes
	worker, err := c.busiestResident(ctx, j)
	if err != nil {
		return nil, err
	}
	first := sharedMemory([]int{worker})
	j.events = manyEchoes - fewEchoes
	r, err := c.measure(ctx, j)
	if err != nil {
		return nil, err
	}
	last := sharedMemory([]int{worker})
	if last == 0 {
		return nil, fmt.Errorf("resident worker %d has ended", worker)
	}
	f.value = kilobytes(float64(last)) + " to " + kilobytes(float64(first))
	f.values, f.remarks = []float64{float64(last) / float64(first)}, cpuRemark([]result{r})
	return []figure{f}, nil
}

// busiestResident returns the resident worker that did most of the job.
func (c *contender) busiestResident(ctx context.Context, j job) (pid int, err error) {
	workers := slices.DeleteFunc(c.php(), func(pid int) bool { return !isResident(pid) })
	if len(workers) == 0 {
		return 0, fmt.Errorf("there is no resident worker: no process of php-fpm has %s in its title", residentPool)
	}
	before := cpuOfEach(workers)
	_, _, err = c.drive(ctx, j)
	after := cpuOfEach(workers)
	spent := func(pid int) time.Duration { return after[pid] - before[pid] }
	pid = slices.MaxFunc(workers, func(a, b int) int { return cmp.Compare(spent(a), spent(b)) })
	if err == nil && spent(pid) == 0 {
		err = fmt.Errorf("none of the resident workers %v did anything", workers)
	}
	return pid, err
}

func isResident(pid int) bool {
	title, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return bytes.Contains(title, []byte(residentPool))
}

// measureIdleClients asks wsbridge, as it is and as it was, what idle clients, held by another process, cost it.
func measureIdleClients(ctx context.Context, b *residents) ([]figure, error) {
	now, err := b.idleClient(ctx, b.now(echoing))
	if err != nil {
		return nil, err
	}
	before, err := b.idleClient(ctx, b.before(echoing))
	if err != nil {
		return nil, err
	}
	parts := func(m memoryUse) string { return fmt.Sprintf("%d + %d", m.heap, m.stacks) }
	return []figure{{
		name: fmt.Sprintf("heap + stacks per idle client of %d, in bytes, and in %s", b.idle, b.against), value: parts(now) + " and " + parts(before),
		limit: limit{"≤", 9000}, write: whole, values: []float64{float64(now.heap + now.stacks)},
	}}, nil
}

// idleClient returns what one adds.
func (b *residents) idleClient(ctx context.Context, with setup) (each memoryUse, err error) {
	s, err := startServer(with)
	if err != nil {
		return each, err
	}
	c, err := s.contender("idle").connect(s.log.address, 1)
	if err != nil {
		return each, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.settle(ctx, b.echoAlone()); err != nil {
		return each, err
	}
	before, err := c.memoryInUse(ctx)
	if err != nil {
		return each, err
	}
	idle, err := holdIdle(s.log.address, 1, b.idle)
	if err != nil {
		return each, err
	}
	defer idle.stop()
	if err := awaitQuiet(append(s.own(), s.php()...)); err != nil {
		return each, err
	}
	after, err := c.memoryInUse(ctx)
	each.heap, each.stacks = (after.heap-before.heap)/int64(b.idle), (after.stacks-before.stacks)/int64(b.idle)
	if err == nil && b.profile != "" {
		err = c.writePage(ctx, "/debug/pprof/heap?gc=1", filepath.Join(b.profile, filepath.Base(filepath.Dir(with.binary))+"-idle.pprof"))
	}
	return each, err
}

// memoryInUse asks wsbridge for its memory after garbage collections.
func (c *contender) memoryInUse(ctx context.Context) (use memoryUse, err error) {
	const path = "/debug/pprof/heap?debug=1&gc=1"
	if _, err := c.page(ctx, path); err != nil { // its finalizers release more
		return use, err
	}
	page, err := c.page(ctx, path)
	for name, value := range map[string]*int64{"HeapAlloc": &use.heap, "Stack": &use.stacks} {
		found := regexp.MustCompile(`(?m)^# ` + name + ` = (\d+)`).FindSubmatch(page)
		if err == nil && found == nil {
			err = fmt.Errorf("%s: there is no %s", path, name)
		}
		if err != nil {
			return use, err
		}
		*value, err = strconv.ParseInt(string(found[1]), 10, 64)
	}
	return use, err
}
