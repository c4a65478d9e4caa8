package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// The time between two questions for a certificate that the authority does not issue. autocert keeps an error for a minute, and
// authorities count failures.
const (
	firstAcmeWait = 65 * time.Second
	lastAcmeWait  = time.Hour
)

// issuer has a certificate for each of its names.
type issuer struct {
	names                    []string
	directory, email, folder string
	log                      *slog.Logger
	manager                  *autocert.Manager
	authority                *acmeTransport
	current                  map[string]*atomic.Pointer[tls.Certificate] // by name; nil: not issued yet
}

// newIssuer returns an issuer that begins with the certificates of before, which may be nil.
func newIssuer(s *config.Server, folder string, log *slog.Logger, before *issuer) *issuer {
	i := &issuer{names: s.ACME, directory: s.ACMEDirectory, email: s.ACMEEmail, folder: folder, log: log,
		authority: newAcmeTransport(log), current: map[string]*atomic.Pointer[tls.Certificate]{}}
	i.manager = &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(folder), HostPolicy: autocert.HostWhitelist(s.ACME...),
		Email: s.ACMEEmail, Client: &acme.Client{DirectoryURL: s.ACMEDirectory, HTTPClient: i.authority.client(), UserAgent: "wsbridge"}}
	for _, name := range s.ACME {
		i.current[name] = new(atomic.Pointer[tls.Certificate])
		if before != nil {
			i.current[name].Store(before.of(name))
		}
	}
	return i
}

// of returns the certificate of a name, or nil.
func (i *issuer) of(name string) *tls.Certificate {
	if p := i.current[name]; p != nil {
		return p.Load()
	}
	return nil
}

// lacks reports whether a certificate is missing.
func (i *issuer) lacks() bool {
	return slices.ContainsFunc(i.names, func(name string) bool { return i.of(name) == nil })
}

// certificate returns the one for a client: that of the first name if the client names none, or another. To the authority, which asks
// whether a name is ours, it returns the proof (RFC 8737).
func (i *issuer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto {
		return i.manager.GetCertificate(hello)
	}
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if i.current[name] == nil {
		name = i.names[0]
	}
	if cert := i.of(name); cert != nil {
		return cert, nil
	}
	return nil, fmt.Errorf("there is no certificate for %s yet", name)
}

// keep asks for the certificate of a name, which autocert renews, until ctx ends.
func (i *issuer) keep(ctx context.Context, name string) {
	wait := firstAcmeWait
	for ctx.Err() == nil {
		next := certificateInterval
		cert, err := i.manager.GetCertificate(ecdsaHello(name))
		switch {
		case err == nil:
			wait = firstAcmeWait
			i.use(name, cert)
		case ctx.Err() == nil:
			next, wait = wait, min(2*wait, lastAcmeWait)
			i.log.Error("no certificate was issued: clients cannot connect by this name until one is, unless there is an older one",
				"name", name, "error", err, "again_in", next)
		}
		select {
		case <-time.After(next):
		case <-ctx.Done():
		}
	}
}

// use puts a certificate into force, if it is another than before.
func (i *issuer) use(name string, cert *tls.Certificate) {
	if before := i.of(name); before != nil && before.Leaf.Equal(cert.Leaf) {
		return
	}
	i.current[name].Store(cert)
	i.log.Info("certificate loaded", "names", cert.Leaf.DNSNames, "issuer", cert.Leaf.Issuer.String(), "expires", cert.Leaf.NotAfter)
}

// ecdsaHello is a client's that takes certificates for elliptic curves, as all do that know TLS 1.2: others would need a second one.
func ecdsaHello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}
