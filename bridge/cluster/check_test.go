package cluster

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	s := startServer(t)
	got, err := open(t, s.url()).Check(within(t))
	if err != nil || got.Name != "redis" && got.Name != "valkey" || got.Version == "" || len(got.Warnings) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckEviction(t *testing.T) {
	s := startServer(t, "--maxmemory-policy", "allkeys-lru")
	r := open(t, s.url())
	if got, err := r.Check(within(t)); err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "allkeys-lru") {
		t.Errorf("without maxmemory: %+v, %v", got, err)
	}
	s.do("config", "set", "maxmemory", "100mb")
	if _, err := r.Check(within(t)); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("with maxmemory: %v", err)
	}
	s.do("config", "set", "maxmemory-policy", "noeviction")
	if _, err := r.Check(within(t)); err != nil {
		t.Error(err)
	}
}

func TestCheckReplicas(t *testing.T) {
	first := startServerAt(t, freePort(t))
	second := startServerAt(t, freePort(t), "--replicaof", "127.0.0.1 "+strings.TrimPrefix(first.url(), "redis://127.0.0.1:"))
	if _, err := open(t, second.url()).Check(within(t)); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "replica") {
		t.Errorf("of a replica: %v", err)
	}
	r := open(t, first.url())
	wait(t, "a warning", func() bool {
		got, err := r.Check(within(t))
		return err == nil && len(got.Warnings) == 1 && strings.Contains(got.Warnings[0], "min-replicas-to-write")
	})
}

func TestServersThatCannotDo(t *testing.T) {
	for _, tt := range []struct{ info, want string }{
		{"redis_version:6.0.16\nrole:master", `"6.0.16", and 6.2`},
		{"redis_version:7.2.4\nredis_mode:cluster\nrole:master", "Redis Cluster"},
		{"role:master", `version is ""`},
		{"redis_version:6.2.0\nrole:master", ""},
		{"redis_version:10.0.1\nrole:master", ""},
		{"redis_version:7.2.4\nvalkey_version:8.1.0\nserver_mode:standalone\nrole:master", ""},
		{"redis_version:7.2.4\nvalkey_version:8.1.0\nserver_mode:cluster\nrole:master", "Redis Cluster"},
	} {
		fields := map[string]string{}
		readInfo(strings.ReplaceAll(tt.info, "\n", "\r\n"), fields)
		if _, err := serverOf(fields); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: %v", tt.info, err)
		}
	}
}

func TestPasswordsStayOutOfErrors(t *testing.T) {
	s := startServerAt(t, freePort(t), "--requirepass", "right-secret")
	host := strings.TrimPrefix(s.url(), "redis://")
	if _, err := open(t, "redis://:right-secret@"+host).Check(within(t)); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"redis://:wrong-secret@" + host, "redis://who:wrong-secret@" + host, s.url(),
		"redis://:wrong-secret@127.0.0.1:1",
		"rediss://:wrong-secret@" + host, "redis+sentinel://:wrong-secret@" + host + "/m"} {
		_, err := open(t, url).Check(within(t))
		if !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has the password: %v", url, err)
		}
	}
}

// A user needs no more than this, and CONFIG GET for a warning.
func TestLeastPermissions(t *testing.T) {
	s := startServerAt(t, freePort(t))
	s.do("acl", "setuser", "shop", "on", ">pw", "~{test}:*", "-@all", "+eval", "+evalsha", "+hello", "+auth", "+select", "+ping",
		"+info", "+time", "+xadd", "+xread", "+xtrim", "+hget", "+hmget", "+hset", "+hdel", "+hincrby", "+zadd",
		"+zscore", "+zrange", "+zrem", "+zremrangebyrank", "+unlink")
	s.do("acl", "setuser", "default", "off")
	m := newMachine(t, s, "a")
	m.Redis = open(t, "redis://shop:pw@"+strings.TrimPrefix(s.url(), "redis://"))
	term := m.mustJoin().lead().Term
	_, errAppend := m.append(1, term, "x")
	if err := errors.Join(errAppend, m.Expel(within(t), m.id, term, 77), m.Resign(within(t), m.id), m.Leave(within(t), m.id)); err != nil {
		t.Error(err)
	}
	if m.mustRead(0); m.claim.Known.Machine != 1 {
		t.Errorf("%+v", m.claim.Known)
	}
	other := OpenRedis(m.conn.address, "other")
	defer other.Close()
	_, _, err := other.Join(within(t), m.claim)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "permissions") && !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("another prefix: %v", err)
	}
}

func TestEncrypted(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
		"-subj", "/CN=redis", "-addext", "subjectAltName=DNS:redis.example,IP:127.0.0.1", "-keyout", key, "-out", cert).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	port := freePort(t)
	s := startServerAt(t, 0, "--tls-port", number(uint64(port)), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
		"--tls-auth-clients", "optional")
	_ = s
	base := "rediss://127.0.0.1:" + number(uint64(port))
	if _, err := open(t, base+"?ca="+cert).Check(within(t)); err != nil {
		t.Error(err)
	}
	if _, err := open(t, base+"?server_name=redis.example&ca="+cert).Check(within(t)); err != nil {
		t.Error(err)
	}
	for _, url := range []string{base, base + "?server_name=other.example&ca=" + cert} {
		if _, err := open(t, url).Check(within(t)); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A server that is frozen keeps nobody longer than they want to wait, and Close ends what waits for it.
func TestFrozenServer(t *testing.T) {
	s := startServer(t)
	r := open(t, s.url())
	if _, err := r.Check(within(t)); err != nil {
		t.Fatal(err)
	}
	reads := make(chan error, 1)
	go func() {
		_, err := r.Read(context.Background(), 0, 1, time.Hour)
		reads <- err
	}()
	wait(t, "the read", func() bool { return strings.Contains(s.do("client", "list"), "cmd=xread") })
	s.signal(syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Check(ctx); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
	fresh := open(t, s.url()) // has to connect first
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := fresh.Check(ctx); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
	r.Close()
	if err := <-reads; err == nil {
		t.Error("the read ended without an error")
	}
	if _, err := r.Check(within(t)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
