package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Address says where Redis is, and how to prove oneself there. It is parsed from a URL. String never has a password.
type Address struct {
	Hosts    []string // host:port each, or one path of a socket; with Master, those of the Sentinels
	Unix     bool
	Master   string // the name that the Sentinels know the servers by, or ""
	User     string
	Password string
	Database int
	TLS      *tls.Config // nil for a connection in clear

	SentinelUser, SentinelPassword string
}

// Default ports.
const redisPort, sentinelPort = "6379", "26379"

// ParseAddress parses one of
//
//	redis://[[user]:password@]host[:port][/database]
//	unix://[[user]:password@]/path/of/socket[?db=database]
//	redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master[/database]
//
// With rediss instead of redis connections are encrypted, and the certificate is verified; ca, cert and key in the query name PEM files,
// server_name another name than the host's. sentinel_user and sentinel_password in the query are for the Sentinels. Special characters of
// a user or password are percent-encoded. Errors have nothing of the URL in them, as any part of one that is malformed may be the
// password.
func ParseAddress(text string) (Address, error) {
	a, err := parseAddress(text)
	if err != nil {
		return Address{}, fmt.Errorf("parse URL of redis: %w", err)
	}
	return a, nil
}

func parseAddress(text string) (a Address, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return a, errors.New(`it does not begin with "redis://", "rediss://", "unix://" or "redis+sentinel://"`)
	}
	rest, rawQuery, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	hosts := authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		hosts = authority[at+1:]
		if err := a.parseUser(authority[:at]); err != nil {
			return a, err
		}
	}
	query, err := parseQuery(rawQuery)
	if err != nil {
		return a, err
	}
	if err := a.parsePlace(scheme, hosts, path, query); err != nil {
		return a, err
	}
	a.SentinelUser, a.SentinelPassword = query.Get("sentinel_user"), query.Get("sentinel_password")
	if strings.HasPrefix(scheme, "rediss") {
		a.TLS, err = parseTLS(query)
	}
	return a, err
}

func (a *Address) parseUser(text string) (err error) {
	user, password, _ := strings.Cut(text, ":")
	if a.User, err = url.PathUnescape(user); err == nil {
		a.Password, err = url.PathUnescape(password)
	}
	if err != nil {
		return errors.New("a percent sign in user or password is written %25")
	}
	if a.User != "" && a.Password == "" {
		return errors.New("it has a user and no password: a password alone is written redis://:password@host")
	}
	return nil
}

func parseQuery(text string) (url.Values, error) {
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, errors.New("its query is malformed")
	}
	for name := range query {
		switch name {
		case "db", "ca", "cert", "key", "server_name", "sentinel_user", "sentinel_password":
		default:
			return nil, errors.New("its query may have db, ca, cert, key, server_name, sentinel_user and sentinel_password, and has something else" +
				" (a question mark in a password is written %3F)")
		}
	}
	return query, nil
}

// parsePlace parses what says where Redis is.
func (a *Address) parsePlace(scheme, hosts, path string, query url.Values) error {
	database := query.Get("db")
	switch scheme {
	case "unix":
		if hosts != "" || path == "" {
			return errors.New("the path of a socket is absolute, with three slashes: unix:///run/redis.sock")
		}
		path, err := url.PathUnescape(path)
		if err != nil {
			return errors.New("a percent sign in a path is written %25")
		}
		a.Hosts, a.Unix = []string{"/" + path}, true
	case "redis", "rediss":
		if strings.Contains(hosts, ",") {
			return errors.New("several hosts are those of Sentinels: redis+sentinel://host,host/master")
		}
		if database == "" {
			database = path
		}
		return errors.Join(a.parseHosts(hosts, redisPort), a.parseDatabase(database))
	case "redis+sentinel", "rediss+sentinel":
		master, inPath, _ := strings.Cut(path, "/")
		if master == "" {
			return errors.New("it lacks the name of the master: redis+sentinel://host,host/master")
		}
		a.Master = master
		if database == "" {
			database = inPath
		}
		return errors.Join(a.parseHosts(hosts, sentinelPort), a.parseDatabase(database))
	default:
		return errors.New("its scheme must be redis, rediss, unix, redis+sentinel or rediss+sentinel")
	}
	return a.parseDatabase(database)
}

func (a *Address) parseHosts(text, port string) error {
	for one := range strings.SplitSeq(text, ",") {
		host, given, err := splitHost(one, port)
		if err != nil {
			return err
		}
		a.Hosts = append(a.Hosts, net.JoinHostPort(host, given))
	}
	return nil
}

// splitHost splits host and port, of which the port may be missing.
func splitHost(text, port string) (host, given string, err error) {
	host, given, err = net.SplitHostPort(text)
	if err != nil {
		host, given, err = net.SplitHostPort(text + ":" + port)
	}
	if err != nil || host == "" {
		return "", "", errors.New("a host is missing or malformed (IPv6 addresses are in brackets," +
			" and a slash, @ or : in a password is percent-encoded)")
	}
	if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
		return "", "", errors.New("a port is not a number from 1 to 65535 (a slash, @ or : in a password is percent-encoded)")
	}
	return host, given, nil
}

func (a *Address) parseDatabase(text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return errors.New("the number of its database is not a number")
	}
	a.Database = int(n)
	return nil
}

func parseTLS(query url.Values) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: query.Get("server_name")}
	if ca := query.Get("ca"); ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", ca)
		}
	}
	if cert, key := query.Get("cert"), query.Get("key"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// String returns the URL without user, password and query.
func (a Address) String() string {
	if a.Unix {
		return "unix://" + strings.Join(a.Hosts, "")
	}
	s := "redis"
	if a.TLS != nil {
		s += "s"
	}
	if a.Master == "" {
		return fmt.Sprintf("%s://%s/%d", s, strings.Join(a.Hosts, ","), a.Database)
	}
	return fmt.Sprintf("%s+sentinel://%s/%s/%d", s, strings.Join(a.Hosts, ","), a.Master, a.Database)
}

// GoString keeps passwords out of %#v.
func (a Address) GoString() string { return a.String() }
