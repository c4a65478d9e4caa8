package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// startSentinel starts a Sentinel that watches a master.
func startSentinel(t *testing.T, master *server) *server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor shop 127.0.0.1 %d 1\nsentinel down-after-milliseconds shop 500\n"+
		"sentinel failover-timeout shop 5000\nloglevel warning\n", port, dir, master.port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return startServerAt(t, port, conf, "--sentinel")
}

func TestSentinel(t *testing.T) {
	first := startServerAt(t, freePort(t))
	second := startServerAt(t, freePort(t))
	second.do("replicaof", "127.0.0.1", strconv.Itoa(first.port))
	wait(t, "the replica", func() bool { return strings.Contains(second.do("info", "replication"), "master_link_status:up") })
	sentinel := startSentinel(t, first)
	wait(t, "Sentinel to know the replica", func() bool {
		return strings.Contains(sentinel.do("sentinel", "replicas", "shop"), strconv.Itoa(second.port))
	})

	a := newMachine(t, first, "a")
	a.Redis = open(t, fmt.Sprintf("redis+sentinel://127.0.0.1:1,127.0.0.1:%d/shop", sentinel.port))
	keys := a.mustJoin().keysOrFatal(10)
	first.kill()
	var err error
	wait(t, "the failover", func() bool { _, err = a.beat(); return !errors.Is(err, ErrAway) })
	wantError(t, "beat", err, ErrLapsed)
	a.mustJoin()
	if got := a.keysOrFatal(1); got <= keys || second.do("hget", "{test}:meta", "key") != strconv.FormatInt(got, 10) {
		t.Error(got)
	}
	if unknown := open(t, fmt.Sprintf("redis+sentinel://127.0.0.1:%d/other", sentinel.port)); err != nil {
		_, err := unknown.Check(within(t))
		wantError(t, "a name that the Sentinels do not know", err, ErrAway)
	}
}
