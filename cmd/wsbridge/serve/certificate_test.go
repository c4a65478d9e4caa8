package serve

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// pemPair makes a certificate and its key.
func pemPair(t *testing.T, name string, expires time.Time) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: expires}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bare})
}

// tlsFiles are the files of a certificate and its key.
type tlsFiles struct {
	t *testing.T
	config.Server
}

func newTLSFiles(t *testing.T, name string) tlsFiles {
	f := tlsFiles{t, config.Server{TLSCert: filepath.Join(t.TempDir(), "cert.pem"), TLSKey: filepath.Join(t.TempDir(), "key.pem")}}
	cert, key := pemPair(t, name, time.Now().Add(time.Hour))
	f.write(f.TLSCert, cert)
	f.write(f.TLSKey, key)
	return f
}

// write replaces a file by a new one, as tools that renew certificates do.
func (f tlsFiles) write(path string, content []byte) {
	f.t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		f.t.Fatal(err)
	}
}

func inForce(t *testing.T, c *certificate) string {
	t.Helper()
	cfg := c.config()
	pair, err := cfg.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.Subject.CommonName
}

func TestCertificateIsRenewedWhenBothFilesAre(t *testing.T) {
	var log bytes.Buffer
	f := newTLSFiles(t, "old")
	c, err := loadCertificate(&f.Server, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if c.readIfChanged(); inForce(t, c) != "old" || strings.Count(log.String(), "certificate loaded") != 1 {
		t.Errorf("nothing has changed, and %s is in force: %s", inForce(t, c), log.String())
	}
	cert, key := pemPair(t, "new", time.Now().Add(time.Hour))
	f.write(f.TLSCert, cert)
	for range 3 {
		c.readIfChanged()
	}
	if n := strings.Count(log.String(), "stays in force"); n != 1 || inForce(t, c) != "old" {
		t.Errorf("%s is in force, %d complaints: %s", inForce(t, c), n, log.String())
	}
	if err := c.reload(); err == nil || !strings.Contains(err.Error(), "private key does not match public key") {
		t.Errorf("got %v", err)
	}
	f.write(f.TLSKey, key)
	if c.readIfChanged(); inForce(t, c) != "new" {
		t.Errorf("%s is in force", inForce(t, c))
	}
	if err := os.Remove(f.TLSKey); err != nil {
		t.Fatal(err)
	}
	if c.readIfChanged(); inForce(t, c) != "new" {
		t.Errorf("%s is in force", inForce(t, c))
	}
}

func TestCertificateErrorsNameKeyAndFile(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(f tlsFiles)
		want  string
	}{
		"no certificate": {func(f tlsFiles) { os.Remove(f.TLSCert) }, "server.tls_cert = "},
		"no key":         {func(f tlsFiles) { os.Remove(f.TLSKey) }, "server.tls_key = "},
		"no PEM":         {func(f tlsFiles) { f.write(f.TLSCert, []byte("x")) }, "failed to find any PEM data"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTLSFiles(t, "x")
			row.spoil(f)
			err := errors.Join(checkNamed(&config.Config{Server: f.Server})...)
			if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), ".pem") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCertificateThatWillNotDoIsToldOf(t *testing.T) {
	var log bytes.Buffer
	f := newTLSFiles(t, "x")
	cert, key := pemPair(t, "late", time.Now().Add(-time.Hour))
	f.write(f.TLSCert, cert)
	f.write(f.TLSKey, key)
	if err := os.Chmod(f.TLSKey, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadCertificate(&f.Server, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"has expired", "everybody on this machine can read"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in %s", want, log.String())
		}
	}
}
