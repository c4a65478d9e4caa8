package main

import (
	"fmt"
	"syscall"
)

// allowFiles raises the limit of open files for n clients, in this process and those it starts: each client is one in the process that holds it, and
// one in wsbridge.
func allowFiles(n int) error {
	const others = 200 // listeners, php-fpm, logs
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("get limit of open files: %w", err)
	}
	need, hard := uint64(n+others), limit.Max
	limit.Cur, limit.Max = max(limit.Max, need), max(limit.Max, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil { // the hard limit: setrlimit(2), CAP_SYS_RESOURCE
		return fmt.Errorf("%d clients need %d open files, the hard limit (ulimit -Hn) is %d: raise it, or give fewer clients", n, need, hard)
	}
	return nil
}
