package serve

import (
	"math"
	"syscall"
)

// reservedFiles is how many files the server may have open besides those of clients and php-fpm: standard streams, listeners, the
// pipe, and connections that are told why they are turned away.
const reservedFiles = 128

// clientLimit returns how many clients the limit of open files leaves room for, with that many connections to php-fpm; 0: there is no
// limit. More clients could not be accepted, and could not be told why.
func clientLimit(phpConnections int) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur > math.MaxInt32 {
		return 0
	}
	return max(int(files.Cur)-reservedFiles-phpConnections, 1)
}
