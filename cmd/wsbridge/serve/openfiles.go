package serve

import (
	"math"
	"syscall"
)

// filesBeside is how many files the server itself may have open, connections to php-fpm aside: standard streams, listeners, the
// pipe, and connections that are told why they are turned away.
const filesBeside = 128

// connectionsWithin is how many clients the limit of open files leaves room for, beside that many connections to php-fpm: more
// could not be accepted, and nobody would tell them. 0: there is no limit.
func connectionsWithin(phpConnections int) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur > math.MaxInt32 {
		return 0
	}
	return max(int(files.Cur)-filesBeside-phpConnections, 1)
}
