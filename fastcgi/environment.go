package fastcgi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"path"
	"slices"
	"strings"

	"github.com/yookoala/gofast"
)

// ErrBadHeader says that a handshake cannot become parameters, which deserves status 400. The text of the error names the header
// but not its value.
var ErrBadHeader = errors.New("fastcgi: bad header")

const (
	// forbidden bytes would end a value in C, or start a line where a value is printed.
	forbidden = "\x00\r\n"
	// maxEnvironment bounds the parameters of a handshake, in bytes, so that they fit one record.
	maxEnvironment = 60 << 10

	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// newSession returns gofast's mapping of a request to parameters. It ends without a connection and leaves the parameters in the
// request.
func newSession(script string) gofast.SessionHandler {
	keep := func(gofast.Client, *gofast.Request) (*gofast.ResponsePipe, error) { return nil, nil }
	return gofast.Chain(gofast.BasicParamsMap, gofast.MapHeader, gofast.MapEndpoint(script))(keep)
}

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
	headers, err := cleanHeaders(r.Header)
	if err != nil {
		return nil, err
	}
	clean := r.WithContext(r.Context())
	clean.Header, clean.Body = headers, nil
	request := gofast.NewRequest(clean)
	if _, err := c.session(nil, request); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadHeader, err)
	}
	params := c.scriptParams()
	for name, value := range request.Params {
		switch name {
		case "DOCUMENT_URI", "HTTPS", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_PORT", "REQUEST_URI", "SERVER_NAME", "SERVER_PORT",
			"SERVER_PROTOCOL":
			params[name] = value
		default:
			// Headers of a client become names that start with HTTP_, so none can pass for a parameter of ours or of php-fpm,
			// such as PHP_VALUE.
			if strings.HasPrefix(name, "HTTP_") {
				params[name] = value
			}
		}
	}
	setAddresses(params, r)
	if subprotocol != "" {
		params["WSBRIDGE_SUBPROTOCOL"] = subprotocol
	}
	return encodeParams(params)
}

// Inherit returns the Environment of a client whose handshake another process has mapped, for this Client: that process had another script, in a
// run-time folder which ends with it. An error says that it is no Environment.
func (c *Client) Inherit(environment []byte) ([]byte, error) {
	params := map[string]string{}
	for name, value := range pairs(environment) {
		params[name] = value
	}
	if params["SCRIPT_FILENAME"] == "" {
		return nil, errors.New("fastcgi: no environment of a client")
	}
	maps.Copy(params, c.scriptParams())
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

// cleanHeaders returns the headers that become parameters.
func cleanHeaders(h http.Header) (http.Header, error) {
	clean := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		values := h[name]
		if strings.ContainsAny(name, forbidden) {
			return nil, fmt.Errorf("%w: control character in a name", ErrBadHeader)
		}
		for _, value := range values {
			if strings.ContainsAny(value, forbidden) {
				return nil, fmt.Errorf("%w: control character in %s", ErrBadHeader, name)
			}
		}
		if name == "" || strings.Trim(name, letters+digits+"-") != "" {
			continue
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if name != "Proxy" && name != "Accept-Encoding" {
			clean[name] = append(clean[name], values...)
		}
	}
	if cookies := clean["Cookie"]; len(cookies) > 1 { // RFC 6265, section 5.4; gofast joins with a comma
		clean["Cookie"] = []string{strings.Join(cookies, "; ")}
	}
	return clean, nil
}

// setAddresses sets what gofast does not: addresses in the form of RFC 3875, section 4.1.8, and the scheme.
func setAddresses(params map[string]string, r *http.Request) {
	params["REQUEST_SCHEME"] = "http"
	if r.TLS != nil || r.URL.Scheme == "https" {
		params["REQUEST_SCHEME"], params["HTTPS"] = "https", "on"
	}
	if r.TLS != nil {
		setTLS(params, r.TLS)
	}
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
