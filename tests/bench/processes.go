package main

import (
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
