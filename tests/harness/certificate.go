package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Certificate is one for 127.0.0.1, in PEM, that nobody but itself has signed.
type Certificate struct{ Cert, Key string }

// NewCertificate makes a certificate by that common name, for an hour.
func NewCertificate(tb testing.TB, name string) Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return Certificate{block("CERTIFICATE", der), block("PRIVATE KEY", bare)}
}

// Trust returns what a client needs that believes in some certificates.
func Trust(certificates ...Certificate) *tls.Config {
	roots := x509.NewCertPool()
	for _, c := range certificates {
		roots.AppendCertsFromPEM([]byte(c.Cert))
	}
	return &tls.Config{RootCAs: roots}
}

// TLSFiles is the beginning of a configuration that has the certificate where Install puts it.
const TLSFiles = "[server]\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n"

// Install writes a certificate into the server's folder.
func (s *Server) Install(c Certificate) {
	s.T.Helper()
	s.Write("cert.pem", c.Cert)
	s.Write("key.pem", c.Key)
}

// ServeTLS is Serve for clients that speak TLS; the application's TOML continues [server].
func ServeTLS(tb testing.TB, a App, c Certificate) *Server {
	tb.Helper()
	a.TOML = TLSFiles + a.TOML
	s := Prepare(tb, a)
	s.Install(c)
	s.Trust = Trust(c)
	s.Run(a)
	return s
}
