#!/bin/bash
# pebble v2.1.7: what was committed with pebble.NoSync is lost with the process, not only with the machine.
#
# LevelDB and RocksDB hand an unsynced write to the kernel before it counts as written, so that only a crash of the machine
# can lose it. pebble leaves that to a goroutine: Commit returns before write(2). A process that is killed right after
# Commit has returned finds none of it at its next start, without an error. With pebble.Sync all is there.
. "$(dirname "$0")/lib/phpfpm.sh"

echo "pebble v2.1.7, Go module github.com/cockroachdb/pebble/v2"
mkdir "$dir/program"
cat >"$dir/program/main.go" <<'GO'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// commit sets a key and kills the process as soon as that is committed.
func commit(dir string, options *pebble.WriteOptions) {
	db, err := pebble.Open(dir, &pebble.Options{})
	if err == nil {
		err = db.Set([]byte("key"), []byte("value"), options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// lost counts how often the key is not there afterwards.
func lost(sync string) (n int) {
	for i := range 20 {
		dir := fmt.Sprintf("%s/%s-%d", os.Args[1], sync, i)
		err := exec.Command(os.Args[0], dir, sync).Run()
		if exit, ok := err.(*exec.ExitError); !ok || !exit.Sys().(syscall.WaitStatus).Signaled() {
			panic(err)
		}
		db, err := pebble.Open(dir, &pebble.Options{})
		if err != nil {
			panic(err)
		}
		if _, closer, err := db.Get([]byte("key")); err == pebble.ErrNotFound {
			n++
		} else if err != nil {
			panic(err)
		} else {
			closer.Close()
		}
		db.Close()
	}
	return n
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[2] == "sync":
		commit(os.Args[1], pebble.Sync)
	case len(os.Args) == 3:
		commit(os.Args[1], pebble.NoSync)
	}
	fmt.Println("unsynced:", lost("nosync") > 0)
	fmt.Println("synced:", lost("sync"))
}
GO
(
	cd "$dir/program"
	export GOMODCACHE="$dir/modules" GOFLAGS=-modcacherw GOWORK=off CGO_ENABLED=0
	go mod init program && go get github.com/cockroachdb/pebble/v2@v2.1.7 && go mod tidy && go build -o program .
) >"$dir/go.log" 2>&1 || { cat "$dir/go.log" >&2; exit 2; }
seen=$(timeout 120 "$dir/program/program" "$dir" 2>"$dir/stderr") || { cat "$dir/stderr" >&2; exit 2; }

expect "commits with NoSync are lost by SIGKILL right after them" "$(field unsynced <<<"$seen")" true
expect "commits with Sync that are lost, of 20" "$(field synced <<<"$seen")" 0
