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

// certificateInterval is how often the files are checked for a change, which costs next to nothing.
const certificateInterval = 5 * time.Second

// certificate is the server's TLS certificate with its chain and its key. It is read again when its files change; connections keep the
// certificate that they began with.
type certificate struct {
	cert, key string // paths
	log       *slog.Logger
	pair      atomic.Pointer[tls.Certificate]

	mu        sync.Mutex     // guards the fields below
	files     [2]os.FileInfo // of pair
	lastError string         // the last one of readIfChanged
}

// loadCertificate reads the files of server.tls_cert and server.tls_key.
func loadCertificate(s *config.Server, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: s.TLSCert, key: s.TLSKey, log: log}
	return c, c.reload()
}

// config returns a configuration that asks for the certificate with each connection.
func (c *certificate) config() *tls.Config {
	return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }}
}

// expires implements certificates.
func (c *certificate) expires() time.Time { return c.pair.Load().Leaf.NotAfter }

// prepare implements certificates: it reads the files, which have the same names as long as the server runs.
func (c *certificate) prepare(*config.Server) (apply func(), err error) {
	if err := c.reload(); err != nil {
		return nil, fmt.Errorf("reload server.tls_cert and server.tls_key: %w", err)
	}
	return func() {}, nil
}

// reload reads the files. If they are not a pair, the certificate that was read before stays.
func (c *certificate) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

// watch implements certificates: it reads the files when they change, until ctx ends. While a tool replaces one after the other they may
// not be a pair; that is logged once, and they are read again until they are.
func (c *certificate) watch(ctx context.Context) {
	tick := time.NewTicker(certificateInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.readIfChanged()
		case <-ctx.Done():
			return
		}
	}
}

func (c *certificate) readIfChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if files, err := c.stat(); err == nil && isSame(files[0], c.files[0]) && isSame(files[1], c.files[1]) {
		return
	}
	err := c.read()
	if err != nil && err.Error() != c.lastError {
		c.log.Error("the changed certificate is not used: the one before it stays in force", "error", err)
		c.lastError = err.Error()
	}
}

// read is called with mu held.
func (c *certificate) read() error {
	files, err := c.stat()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("server.tls_cert = %q, server.tls_key = %q: %w", c.cert, c.key, err)
	}
	c.files, c.lastError = files, ""
	c.pair.Store(&pair)
	c.logLoaded(&pair)
	return nil
}

func (c *certificate) stat() (files [2]os.FileInfo, err error) {
	for i, file := range [...]struct{ key, path string }{{"server.tls_cert", c.cert}, {"server.tls_key", c.key}} {
		if files[i], err = os.Stat(file.path); err != nil {
			return files, fmt.Errorf("%s = %q: %w", file.key, file.path, err)
		}
	}
	return files, nil
}

// isSame reports whether a file was neither replaced nor changed. Tools that renew certificates write a new file, or a new link.
func isSame(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// logLoaded logs the certificate in force, and what should be done about it.
func (c *certificate) logLoaded(pair *tls.Certificate) {
	const others = 0o004
	c.log.Info("certificate loaded", "names", pair.Leaf.DNSNames, "subject", pair.Leaf.Subject.String(), "expires", pair.Leaf.NotAfter)
	if time.Now().After(pair.Leaf.NotAfter) {
		c.log.Warn("the certificate has expired", "file", c.cert, "expired", pair.Leaf.NotAfter)
	}
	if c.files[1].Mode().Perm()&others != 0 {
		c.log.Warn("everybody on this machine can read the certificate's key", "file", c.key)
	}
}
