package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// certificateInterval is how often the files are looked at: soon enough for whoever has just renewed them, and next to nothing.
const certificateInterval = 5 * time.Second

// certificate is the server's TLS certificate with its chain, and its key. They are read again when their files change;
// connections keep what they began with.
type certificate struct {
	cert, key string // paths
	log       *slog.Logger
	pair      atomic.Pointer[tls.Certificate]

	mu      sync.Mutex // guards the fields below
	seen    [2]os.FileInfo
	refused string // the last error of watch
}

// loadCertificate reads the files of server.tls_cert and server.tls_key; nil without an error if there are to be none.
func loadCertificate(s *config.Server, log *slog.Logger) (*certificate, error) {
	if !s.TLS() {
		return nil, nil
	}
	c := &certificate{cert: s.TLSCert, key: s.TLSKey, log: log}
	return c, c.reload()
}

// CheckCertificate returns what is wrong with the files of server.tls_cert and server.tls_key.
func CheckCertificate(s *config.Server) error {
	_, err := loadCertificate(s, slog.New(slog.DiscardHandler))
	return err
}

// config asks for the certificate with each connection.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }}
}

// reload reads the files, if there are to be any. If they are no pair, what has been read before stays.
func (c *certificate) reload() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

// watch reads the files when they change, until ctx ends. While they are replaced one after the other they may be no pair; that
// is logged once, and they are read again until they are one.
func (c *certificate) watch(ctx context.Context) {
	if c == nil {
		return
	}
	tick := time.NewTicker(certificateInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.look()
		case <-ctx.Done():
			return
		}
	}
}

func (c *certificate) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seen, err := c.stat(); err == nil && isSame(seen[0], c.seen[0]) && isSame(seen[1], c.seen[1]) {
		return
	}
	err := c.read()
	if err != nil && err.Error() != c.refused {
		c.log.Error("the changed certificate is not used: what was in force stays", "error", err)
		c.refused = err.Error()
	}
}

// read is called with mu held.
func (c *certificate) read() error {
	seen, err := c.stat()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("server.tls_cert = %q, server.tls_key = %q: %w", c.cert, c.key, err)
	}
	c.seen, c.refused = seen, ""
	c.pair.Store(&pair)
	c.tell(&pair)
	return nil
}

func (c *certificate) stat() (seen [2]os.FileInfo, err error) {
	for i, file := range [...]struct{ key, path string }{{"server.tls_cert", c.cert}, {"server.tls_key", c.key}} {
		if seen[i], err = os.Stat(file.path); err != nil {
			return seen, fmt.Errorf("%s = %q: %w", file.key, file.path, err)
		}
	}
	return seen, nil
}

// isSame reports whether a file is the one it was, unchanged. Tools that renew certificates write a file anew, or a link.
func isSame(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// tell logs which certificate is in force, and what somebody should do about it.
func (c *certificate) tell(pair *tls.Certificate) {
	const others = 0o004
	c.log.Info("certificate loaded", "names", pair.Leaf.DNSNames, "subject", pair.Leaf.Subject.String(), "expires", pair.Leaf.NotAfter)
	if time.Now().After(pair.Leaf.NotAfter) {
		c.log.Warn("the certificate has expired", "file", c.cert, "expired", pair.Leaf.NotAfter)
	}
	if c.seen[1].Mode().Perm()&others != 0 {
		c.log.Warn("everybody on this machine can read the certificate's key", "file", c.key)
	}
}
