package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// result is one measurement: many callers, and one alone.
type result struct {
	rate     float64 // events per second
	p50, p99 time.Duration
	single   time.Duration // median with one caller
	// CPU time per event of the load generator, of wsbridge and of php-fpm.
	load, bridge, php time.Duration
}

func (r result) print(name string, bare result) {
	fmt.Printf("| %s | %.0f | %.2f | %v | %v | %v | %v | %v, %v, %v |\n", name, r.rate, r.rate/bare.rate,
		round(r.p50), round(r.p99), round(r.single), round(r.single-bare.single), round(r.load), round(r.bridge), round(r.php))
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Nanosecond) }

// latencies of one caller after another; merged at the end, so that callers share nothing while they measure.
type latencies [][]time.Duration

func (l latencies) summary(took time.Duration) (rate float64, p50, p99 time.Duration) {
	all := slices.Concat(l...)
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	return float64(len(all)) / took.Seconds(), all[len(all)/2], all[len(all)*99/100]
}

func (l latencies) count() (n int) {
	for _, one := range l {
		n += len(one)
	}
	return n
}

// cpu is the CPU time used so far by this process, and by the other processes' trees.
func cpu(pid int) time.Duration {
	if pid == os.Getpid() {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return cpuOf(pid)
}

// cpuOf reads a process's own user and system time (proc(5), stat, fields 14 and 15), in ticks of 10 ms.
func cpuOf(pid int) time.Duration {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// children lists the processes below pid, all generations.
func children(pid int) (all []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		data, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if fields[1] == strconv.Itoa(pid) {
			all = append(append(all, child), children(child)...)
		}
	}
	return all
}

func cpuOfAll(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		sum += cpuOf(pid)
	}
	return sum
}
