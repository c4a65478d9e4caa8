package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownCPU is the CPU time used so far by this process.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// cpuOfAll is the user and system time used so far by processes, without their children (proc(5), stat, fields 14 and 15), in ticks of 10 ms.
func cpuOfAll(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		if fields := stat(pid); fields != nil {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			sum += time.Duration(user+system) * 10 * time.Millisecond
		}
	}
	return sum
}

// cpuOfEach is cpuOfAll of each process.
func cpuOfEach(pids []int) map[int]time.Duration {
	each := make(map[int]time.Duration, len(pids))
	for _, pid := range pids {
		each[pid] = cpuOfAll([]int{pid})
	}
	return each
}

// spentSince is the CPU time used since before by processes that run now. Those that have ended meanwhile are not in it.
func spentSince(before map[int]time.Duration, now []int) (sum time.Duration) {
	for pid, used := range cpuOfEach(now) {
		sum += used - before[pid]
	}
	return sum
}

// stat returns proc(5)'s stat from field 3 on, nil for a process that has ended.
func stat(pid int) []string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
}

// children lists the descendants of pid.
func children(pid int) (all []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields := stat(child); fields != nil && fields[1] == strconv.Itoa(pid) {
			all = append(append(all, child), children(child)...)
		}
	}
	return all
}

// sharedMemory is Pss of proc(5), smaps_rollup, in bytes: what processes share is divided among them.
func sharedMemory(pids []int) (sum int64) {
	for _, pid := range pids {
		sum += kibibytes("/proc/"+strconv.Itoa(pid)+"/smaps_rollup", "Pss:") << 10
	}
	return sum
}

// kibibytes reads a line of a file like proc(5)'s status, 0 if there is none.
func kibibytes(file, name string) int64 {
	data, _ := os.ReadFile(file)
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// awaitQuiet returns when the processes have used no CPU time for some tenths of a second.
func awaitQuiet(pids []int) error {
	const looks, each = 3, 100 * time.Millisecond
	quiet := 0
	for used, began := cpuOfAll(pids), time.Now(); quiet < looks; quiet++ {
		if time.Since(began) > patience {
			return errors.New("the server does not come to rest")
		}
		time.Sleep(each)
		if now := cpuOfAll(pids); now != used {
			used, quiet = now, -1
		}
	}
	return nil
}
