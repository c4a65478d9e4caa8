package config

import (
	"net"
	"strconv"
	"strings"
)

// Server is about clients.
type Server struct {
	Listen           string   `toml:"listen"`   // host:port; port 0 takes a free one
	TLSCert          string   `toml:"tls_cert"` // absolute after loading; empty: no TLS
	TLSKey           string   `toml:"tls_key"`
	ServerHeader     string   `toml:"server_header"` // of the handshake's answer; empty for none
	HandshakeTimeout Duration `toml:"handshake_timeout"`
	RequireCookie    bool     `toml:"require_cookie"`
	RequireUserAgent bool     `toml:"require_user_agent"`
	MaxMessage       ByteSize `toml:"max_message"`
	EmptyText        bool     `toml:"empty_text"`    // an empty text is an event
	Compression      bool     `toml:"compression"`   // permessage-deflate
	MessageRate      int      `toml:"message_rate"`  // messages per second, per connection; 0: any number
	MessageBurst     int      `toml:"message_burst"` // and at once
	ControlRate      int      `toml:"control_rate"`  // the same of control frames and empty ones
	ControlBurst     int      `toml:"control_burst"`
	EventQueue       int      `toml:"event_queue"`      // events waiting, per connection
	SendQueue        int      `toml:"send_queue"`       // messages waiting, per connection
	SendQueueBytes   ByteSize `toml:"send_queue_bytes"` // the same in bytes; holds one message of MaxMessage at least
	WriteTimeout     Duration `toml:"write_timeout"`
	PingInterval     Duration `toml:"ping_interval"` // shorter than PongTimeout
	PongTimeout      Duration `toml:"pong_timeout"`
	IdleTimeout      Duration `toml:"idle_timeout"` // without a message in either direction; 0: any time
	QueueWait        Duration `toml:"queue_wait"`   // an event's wait for its turn
	DrainTimeout     Duration `toml:"drain_timeout"`

	// Events waiting or running, over all connections, and their bytes, which hold one message of MaxMessage at least.
	EventQueueTotal      int      `toml:"event_queue_total"`
	EventQueueTotalBytes ByteSize `toml:"event_queue_total_bytes"`

	// Who may come in; package admission says what the lists may hold, and the Parse functions there are what checks them.
	AllowedOrigins   []string `toml:"allowed_origins"`
	AllowedHosts     []string `toml:"allowed_hosts"`
	Paths            []string `toml:"paths"`
	Subprotocols     []string `toml:"subprotocols"`
	MaxHeader        ByteSize `toml:"max_header"`
	TrustedProxies   []string `toml:"trusted_proxies"`
	ForwardedHeaders []string `toml:"forwarded_headers"`
	ProxyProtocol    bool     `toml:"proxy_protocol"`

	// Connections at the same time, and handshakes per second and at once. 0: no limit.
	MaxConnections           int `toml:"max_connections"`
	MaxConnectionsPerAddress int `toml:"max_connections_per_address"`
	HandshakeRate            int `toml:"handshake_rate"`
	HandshakeBurst           int `toml:"handshake_burst"` // 0: one second's
	HandshakeRatePerAddress  int `toml:"handshake_rate_per_address"`
	HandshakeBurstPerAddress int `toml:"handshake_burst_per_address"` // 0: one second's
	IPv6Prefix               int `toml:"ipv6_prefix"`                 // bits that make an IPv6 address one
}

// maxRate is far beyond what one connection carries.
const maxRate = 1 << 20

// TLS reports whether clients speak TLS.
func (s *Server) TLS() bool { return s.TLSCert != "" }

func (c *checker) server(s *Server) {
	host, port, err := net.SplitHostPort(s.Listen)
	_, bad := strconv.ParseUint(port, 10, 16)
	c.require(err == nil && bad == nil && !strings.ContainsAny(host, "/ \t"), "server.listen", s.Listen,
		`want host:port, such as "127.0.0.1:50000"`)
	c.require(!strings.ContainsFunc(s.ServerHeader, notPrintable), "server.server_header", s.ServerHeader,
		"want printable ASCII only")
	c.admission(s)
	c.size("server.max_message", s.MaxMessage, 1)
	c.number("server.event_queue", s.EventQueue, 1, maxQueue)
	c.number("server.event_queue_total", s.EventQueueTotal, 1, maxQueue)
	c.size("server.event_queue_total_bytes", s.EventQueueTotalBytes, 1)
	c.number("server.send_queue", s.SendQueue, 1, maxQueue)
	c.below(s.MaxMessage <= s.EventQueueTotalBytes, "server.max_message", s.MaxMessage,
		"server.event_queue_total_bytes", s.EventQueueTotalBytes)
	c.below(s.MaxMessage <= s.SendQueueBytes, "server.max_message", s.MaxMessage, "server.send_queue_bytes", s.SendQueueBytes)
	c.below(s.PingInterval < s.PongTimeout, "server.ping_interval", s.PingInterval, "server.pong_timeout", s.PongTimeout)
}

// limits checks what one client may do.
func (c *checker) limits(s *Server) {
	c.number("server.message_rate", s.MessageRate, 0, maxRate)
	c.number("server.message_burst", s.MessageBurst, 1, maxRate)
	c.number("server.control_rate", s.ControlRate, 0, maxRate)
	c.number("server.control_burst", s.ControlBurst, 1, maxRate)
	c.require(s.IdleTimeout >= 0, "server.idle_timeout", s.IdleTimeout, `want zero, which is no limit, or more`)
}

// tls checks that there are both files or none. What is in them is for those to see who may read the key.
func (c *checker) tls(s *Server) {
	c.require(s.TLSCert == "" || s.TLSKey != "", "server.tls_cert", s.TLSCert, "wants its key, server.tls_key, too")
	c.require(s.TLSKey == "" || s.TLSCert != "", "server.tls_key", s.TLSKey, "wants its certificate, server.tls_cert, too")
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }
