package fastcgi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// ErrBadHeader says that a handshake cannot become parameters, which deserves status 400. The text of the error names the header
// but not its value.
var ErrBadHeader = errors.New("fastcgi: bad header")

const (
	// forbidden bytes would end a value in C, or start a line where a value is printed.
	forbidden = "\x00\r\n"
	// maxEnvironment bounds the parameters of a handshake, in bytes, so that they fit one record.
	maxEnvironment = 60 << 10
)

// Environment maps a client's handshake to the Environment of its events: encoded parameters (RFC 3875, section 4.1). It does no
// I/O and does not read the body. Its errors wrap ErrBadHeader.
//
// It drops the header Proxy (CVE-2016-5385) and Accept-Encoding, because of which php.ini's zlib.output_compression would
// compress the answer. Like nginx it drops names with other characters than letters, digits and hyphens: PHP turns some of them
// into underscores, so such a name could pass for another. SERVER_PORT and SERVER_ADDR are those of the listener, if the context
// of r holds its address (http.LocalAddrContextKey).
//
// With TLS there are HTTPS, SSL_PROTOCOL and SSL_CIPHER, and SSL_TLS_SNI if the client named a host. A URL with the scheme https
// stands for TLS that a proxy has ended; then there is only HTTPS. WSBRIDGE_SUBPROTOCOL is the sub-protocol that was agreed to, if
// any; those that were offered are in HTTP_SEC_WEBSOCKET_PROTOCOL. A port 0 means that it is not known, and there is no REMOTE_PORT.
func (c *Client) Environment(r *http.Request, subprotocol string) ([]byte, error) {
	params := c.scriptParams()
	if err := setHeaders(params, r.Header); err != nil {
		return nil, err
	}
	setRequest(params, r)
	setAddresses(params, r)
	if subprotocol != "" {
		params["WSBRIDGE_SUBPROTOCOL"] = subprotocol
	}
	return encodeParams(params)
}

// serverEnvironment returns the environment of the server's events.
func (c *Client) serverEnvironment() ([]byte, error) {
	params := c.scriptParams()
	params["SERVER_PROTOCOL"] = "HTTP/1.1"
	params["SERVER_NAME"] = "localhost"
	params["REQUEST_URI"] = params["SCRIPT_NAME"]
	params["QUERY_STRING"] = ""
	return encodeParams(params)
}

// scriptParams returns the parameters that are the same for every handshake.
func (c *Client) scriptParams() map[string]string {
	return map[string]string{
		"DOCUMENT_ROOT":     path.Dir(c.cfg.EventsFile),
		"GATEWAY_INTERFACE": "CGI/1.1",
		"REDIRECT_STATUS":   "200",
		"REQUEST_METHOD":    http.MethodGet, // the handshake's
		"SCRIPT_FILENAME":   c.cfg.Script,
		"SCRIPT_NAME":       "/" + path.Base(c.cfg.Script),
		"SERVER_SOFTWARE":   "wsbridge",
	}
}

// setHeaders sets a parameter for each header. Its name starts with HTTP_, so no header can pass for a parameter of ours or of
// php-fpm, such as PHP_VALUE.
func setHeaders(params map[string]string, h http.Header) error {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if strings.ContainsAny(name, forbidden) {
			return fmt.Errorf("%w: control character in a name", ErrBadHeader)
		}
		for _, value := range h[name] {
			if strings.ContainsAny(value, forbidden) {
				return fmt.Errorf("%w: control character in %s", ErrBadHeader, name)
			}
			if isPlainName(name) {
				setHeader(params, "HTTP_"+strings.ReplaceAll(strings.ToUpper(name), "-", "_"), value)
			}
		}
	}
	return nil
}

// setHeader sets a parameter, or adds value to it (RFC 9110, section 5.3).
func setHeader(params map[string]string, name, value string) {
	separator := ","
	switch name {
	case "HTTP_PROXY", "HTTP_ACCEPT_ENCODING", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH":
		return
	case "HTTP_COOKIE": // RFC 6265, section 5.4
		separator = "; "
	}
	if before, ok := params[name]; ok {
		value = before + separator + value
	}
	params[name] = value
}

// setRequest sets what the request line and the header Host say.
func setRequest(params map[string]string, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
		if r.TLS != nil {
			port = "443"
		}
	}
	if r.Host != "" {
		params["HTTP_HOST"] = r.Host
	}
	params["SERVER_NAME"], params["SERVER_PORT"] = host, port
	params["SERVER_PROTOCOL"] = r.Proto
	params["REQUEST_URI"] = r.URL.RequestURI()
	params["DOCUMENT_URI"] = r.URL.Path
	params["QUERY_STRING"] = r.URL.RawQuery
}

func isPlainName(s string) bool {
	for i := range len(s) {
		switch b := s[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-':
		default:
			return false
		}
	}
	return s != ""
}

// setAddresses sets the addresses of both ends, in the form of RFC 3875, section 4.1.8, and what encrypts the connection.
func setAddresses(params map[string]string, r *http.Request) {
	params["REQUEST_SCHEME"] = "http"
	if r.TLS != nil || r.URL.Scheme == "https" {
		params["REQUEST_SCHEME"], params["HTTPS"] = "https", "on"
	}
	if r.TLS != nil {
		setTLS(params, r.TLS)
	}
	params["REMOTE_ADDR"], params["REMOTE_PORT"], _ = net.SplitHostPort(r.RemoteAddr)
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		params["REMOTE_ADDR"] = plainAddr(peer.Addr())
		if peer.Port() == 0 {
			delete(params, "REMOTE_PORT")
		}
	} else if addr, err := netip.ParseAddr(r.RemoteAddr); err == nil {
		params["REMOTE_ADDR"] = plainAddr(addr)
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return
	}
	if addr, err := netip.ParseAddrPort(local.String()); err == nil {
		params["SERVER_ADDR"] = plainAddr(addr.Addr())
		_, params["SERVER_PORT"], _ = net.SplitHostPort(local.String())
	}
}

// setTLS sets the variables of Apache's mod_ssl that applications look at. The cipher has its IANA name, which from TLS 1.3 on is
// OpenSSL's, too.
func setTLS(params map[string]string, state *tls.ConnectionState) {
	params["SSL_PROTOCOL"] = strings.Replace(tls.VersionName(state.Version), "TLS ", "TLSv", 1)
	params["SSL_CIPHER"] = tls.CipherSuiteName(state.CipherSuite)
	if state.ServerName != "" {
		params["SSL_TLS_SNI"] = state.ServerName
	}
}

func plainAddr(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// encodeParams encodes params in the order of their names.
func encodeParams(params map[string]string) ([]byte, error) {
	size := 0
	for name, value := range params {
		if strings.ContainsAny(value, forbidden) {
			return nil, fmt.Errorf("%w: control character in %s", ErrBadHeader, name)
		}
		size += 8 + len(name) + len(value)
	}
	if size > maxEnvironment {
		return nil, fmt.Errorf("%w: handshake of %d bytes, limit %d", ErrBadHeader, size, maxEnvironment)
	}
	b := make([]byte, 0, size)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		b = appendPair(b, name, params[name])
	}
	return b, nil
}
