package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// authority has certificates that an authority issues by itself (ACME, RFC 8555). Clients are served those that are there: their
// handshakes neither ask the authority nor wait for it.
type authority struct {
	log     *slog.Logger
	issuer  atomic.Pointer[issuer]
	changed chan struct{} // holds a value if watch has not seen issuer
}

// newAuthority checks the folder.
func newAuthority(s *config.Server, log *slog.Logger) (*authority, error) {
	folder, err := makeCache(s)
	if err != nil {
		return nil, err
	}
	a := &authority{log: log, changed: make(chan struct{}, 1)}
	a.issuer.Store(newIssuer(s, folder, log, nil))
	return a, nil
}

// config implements certificates.
func (a *authority) config() *tls.Config {
	return &tls.Config{NextProtos: []string{acme.ALPNProto}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return a.issuer.Load().certificate(hello)
	}}
}

// prepare implements certificates. What has not changed is put into force, too, so that a reload asks again for what is missing.
func (a *authority) prepare(s *config.Server) (apply func(), err error) {
	folder, err := makeCache(s)
	if err != nil {
		return nil, fmt.Errorf("reload %w", err)
	}
	return func() {
		if before := a.issuer.Load(); !before.is(s, folder) || before.lacks() {
			a.issuer.Store(newIssuer(s, folder, a.log, before))
			select {
			case a.changed <- struct{}{}:
			default: // it will see this one
			}
		}
	}, nil
}

// watch implements certificates: it asks for those that are missing, and renews the others. Nothing may be asked before the server
// listens, since the authority connects to it.
func (a *authority) watch(ctx context.Context) {
	for ctx.Err() == nil {
		run, cancel := context.WithCancel(ctx)
		var work sync.WaitGroup
		i := a.issuer.Load()
		i.authority.live(run)
		for _, name := range i.names {
			work.Go(func() { i.keep(run, name) })
		}
		select {
		case <-a.changed:
		case <-ctx.Done():
		}
		cancel()
		work.Wait()
	}
}

// expires implements certificates.
func (a *authority) expires() time.Time {
	var first time.Time
	i := a.issuer.Load()
	for _, name := range i.names {
		cert := i.of(name)
		if cert == nil {
			return time.Unix(0, 0)
		}
		if first.IsZero() || cert.Leaf.NotAfter.Before(first) {
			first = cert.Leaf.NotAfter
		}
	}
	return first
}

var errNoState = errors.New("server.acme_cache is empty, and there is no state directory (StateDirectory= in the unit): name a folder")

// makeCache returns the folder for keys and certificates, which it makes. Without one that can be written, each start would have
// certificates issued, until the authority refuses.
func makeCache(s *config.Server) (folder string, err error) {
	if folder = s.ACMECache; folder == "" {
		state, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":") // systemd.exec(5)
		if state == "" {
			return "", errNoState
		}
		folder = filepath.Join(state, "acme")
	}
	const ownerOnly = 0o700
	if err := os.MkdirAll(folder, ownerOnly); err != nil {
		return "", fmt.Errorf("server.acme_cache: %w", err)
	}
	probe, err := os.CreateTemp(folder, ".probe")
	if err != nil {
		return "", fmt.Errorf("server.acme_cache: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return "", fmt.Errorf("server.acme_cache: %w", err)
	}
	return folder, checkCache(folder)
}

// checkCache returns what is wrong with the folder, which need not be there yet.
func checkCache(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("server.acme_cache: %w", err)
	case !info.IsDir():
		return fmt.Errorf("server.acme_cache: %s is not a directory", folder)
	case info.Mode().Perm()&0o007 != 0:
		return fmt.Errorf("server.acme_cache: others can open %s, which holds keys (mode %04o): chmod o= %s", folder, info.Mode().Perm(), folder)
	}
	return nil
}

// is reports whether the issuer is the one that s wants.
func (i *issuer) is(s *config.Server, folder string) bool {
	return slices.Equal(i.names, s.ACME) && i.directory == s.ACMEDirectory && i.email == s.ACMEEmail && i.folder == folder
}
