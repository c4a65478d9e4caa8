package serve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// certificates are those of the server. Their methods may be called concurrently.
type certificates interface {
	// config returns a configuration that asks for the certificate with each connection; nil: there is no TLS.
	config() *tls.Config
	// prepare checks what a reload changes, which apply puts into force.
	prepare(s *config.Server) (apply func(), err error)
	// watch keeps the certificates current until ctx ends.
	watch(ctx context.Context)
	// expires returns when the first of them expires; 1970: one is missing.
	expires() time.Time
}

// loadCertificates returns the certificates that s wants. Those of an authority are there only some time after watch has been called.
func loadCertificates(s *config.Server, log *slog.Logger) (certificates, error) {
	switch {
	case s.TLSCert != "":
		return loadCertificate(s, log)
	case len(s.ACME) > 0:
		return newAuthority(s, log)
	}
	return noCertificates{}, nil
}

// checkCertificates returns what is wrong with the files of server.tls_cert and server.tls_key, or with the folder of server.acme_cache.
func checkCertificates(s *config.Server) error {
	if s.TLSCert != "" {
		_, err := loadCertificate(s, slog.New(slog.DiscardHandler))
		return err
	}
	if len(s.ACME) > 0 && s.ACMECache != "" {
		return checkCache(s.ACMECache)
	}
	return nil
}

// noCertificates is a server without TLS.
type noCertificates struct{}

func (noCertificates) config() *tls.Config                    { return nil }
func (noCertificates) prepare(*config.Server) (func(), error) { return func() {}, nil }
func (noCertificates) watch(context.Context)                  {}
func (noCertificates) expires() time.Time                     { return time.Time{} }
