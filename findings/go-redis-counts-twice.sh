#!/bin/bash
# go-redis v9.23.0: if a connection breaks before the answer comes, INCR is sent again, counts twice, and returns no error.
#
# go-redis repeats a command up to three times after a network error, whatever the command is. Redis may have run it: the answer is what got
# lost. So counters skip, a list has an entry twice, and a lock that was taken (SET NX) is reported as held by somebody else, all without an error,
# whenever a proxy, a firewall or a failover ends a connection at the wrong moment. MaxRetries = -1 switches that off. A deadline is not obeyed
# by default either: with 300 ms left a command waits for a frozen Redis until ReadTimeout, 5 seconds in this version, unless
# ContextTimeoutEnabled is set. rueidis v1.0.79 repeats only what reads, and returns at the deadline.
. "$(dirname "$0")/lib/phpfpm.sh"
. "$(dirname "$0")/lib/redis.sh"

echo "go-redis v9.23.0, rueidis v1.0.79, Go modules github.com/redis/go-redis/v9 and github.com/redis/rueidis; redis-server $redis"
start_redis

mkdir "$dir/program"
cat >"$dir/program/main.go" <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

// cut says that the proxy closes the connection instead of the next answer.
var cut atomic.Bool

// proxy stands between the client and Redis.
func proxy(socket string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				panic(err)
			}
			go func() { io.Copy(server, client); server.Close() }()
			go func() {
				defer client.Close()
				for b := make([]byte, 65536); ; {
					n, err := server.Read(b)
					if err != nil || cut.CompareAndSwap(true, false) {
						return
					}
					client.Write(b[:n])
				}
			}()
		}
	}()
	return l.Addr().String()
}

func waited(began time.Time) string {
	if time.Since(began) > 2*time.Second {
		return "waited longer"
	}
	return "returned"
}

func main() {
	socket := os.Args[1]
	pid, _ := strconv.Atoi(os.Args[2])
	address := proxy(socket)
	ctx := context.Background()
	g := redis.NewClient(&redis.Options{Addr: address})
	for range 100 {
		if g.Ping(ctx).Err() == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	r, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true, PipelineMultiplex: -1})
	if err != nil {
		panic(err)
	}
	if err := r.Do(ctx, r.B().Ping().Build()).Error(); err != nil { // both are connected
		panic(err)
	}

	cut.Store(true)
	fmt.Println("go-redis error:", g.Incr(ctx, "g").Err())
	fmt.Println("go-redis counter:", g.Get(ctx, "g").Val())
	cut.Store(true)
	fmt.Println("go-redis lock taken:", g.SetNX(ctx, "lock", "mine", 0).Val())
	fmt.Println("go-redis lock holder:", g.Get(ctx, "lock").Val())
	cut.Store(true)
	fmt.Println("rueidis error:", r.Do(ctx, r.B().Incr().Key("r").Build()).Error())
	fmt.Println("rueidis counter:", g.Get(ctx, "r").Val())

	syscall.Kill(pid, syscall.SIGSTOP)
	began := time.Now()
	hurried, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	g.Incr(hurried, "g")
	fmt.Println("go-redis deadline:", waited(began))
	began = time.Now()
	hurried, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	r.Do(hurried, r.B().Incr().Key("r").Build())
	fmt.Println("rueidis deadline:", waited(began))
	syscall.Kill(pid, syscall.SIGCONT)
}
GO
(
	cd "$dir/program"
	export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw GOWORK=off CGO_ENABLED=0
	go mod init program && go get github.com/redis/go-redis/v9@v9.23.0 github.com/redis/rueidis@v1.0.79 && go mod tidy && go build -o program .
) >"$dir/go.log" 2>&1 || { cat "$dir/go.log" >&2; exit 2; }
seen=$(timeout 120 "$dir/program/program" "$dir/socket" "$master" 2>"$dir/stderr") || { cat "$dir/stderr" >&2; exit 2; }

expect "INCR by go-redis, of which the answer got lost: its error" "$(field 'go-redis error' <<<"$seen")" "<nil>"
expect "the counter after one INCR" "$(field 'go-redis counter' <<<"$seen")" 2
expect "SET NX by go-redis, of which the answer got lost: whether it has the lock" "$(field 'go-redis lock taken' <<<"$seen")" false
expect "who has it" "$(field 'go-redis lock holder' <<<"$seen")" mine
expect "INCR by rueidis, of which the answer got lost: its error" "$(field 'rueidis error' <<<"$seen")" EOF
expect "the counter" "$(field 'rueidis counter' <<<"$seen")" 1
expect "go-redis and a frozen Redis, after a deadline of 300 ms" "$(field 'go-redis deadline' <<<"$seen")" "waited longer"
expect "rueidis likewise" "$(field 'rueidis deadline' <<<"$seen")" returned
