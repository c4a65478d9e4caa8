package config

import "strings"

// Server is about clients.
type Server struct {
	Listen           string   `toml:"listen"`   // host:port; port 0 takes a free one
	TLSCert          string   `toml:"tls_cert"` // absolute after loading; empty: no TLS
	TLSKey           string   `toml:"tls_key"`
	ACME             []string `toml:"acme"`           // names, each with a certificate of its own from an authority; empty: none
	ACMEDirectory    string   `toml:"acme_directory"` // URL of the authority
	ACMEEmail        string   `toml:"acme_email"`     // that it is told; empty: none
	ACMECache        string   `toml:"acme_cache"`     // absolute after loading; empty: in the service manager's state directory
	ServerHeader     string   `toml:"server_header"`  // of handshake answers; empty: none
	HandshakeTimeout Duration `toml:"handshake_timeout"`
	RequireCookie    bool     `toml:"require_cookie"`
	RequireUserAgent bool     `toml:"require_user_agent"`
	MaxMessage       ByteSize `toml:"max_message"`
	EmptyText        bool     `toml:"empty_text"`       // an empty text is an event
	Compression      bool     `toml:"compression"`      // permessage-deflate
	MessageRate      int      `toml:"message_rate"`     // messages per second, per connection; 0: any number
	MessageBurst     int      `toml:"message_burst"`    // messages at once
	ControlRate      int      `toml:"control_rate"`     // control frames and empty ones per second; 0: any number
	SendQueueBytes   ByteSize `toml:"send_queue_bytes"` // of messages that wait, per connection; at least MaxMessage
	WriteTimeout     Duration `toml:"write_timeout"`
	MessageTimeout   Duration `toml:"message_timeout"` // for the rest of a message that has begun
	PingInterval     Duration `toml:"ping_interval"`   // shorter than PongTimeout
	PongTimeout      Duration `toml:"pong_timeout"`
	IdleTimeout      Duration `toml:"idle_timeout"` // without a message in either direction; 0: no limit
	QueueWait        Duration `toml:"queue_wait"`   // of an event for its turn
	DrainTimeout     Duration `toml:"drain_timeout"`
	UpgradeTimeout   Duration `toml:"upgrade_timeout"` // of a process that takes over, until it is ready
	UpgradeSpread    Duration `toml:"upgrade_spread"`  // in which clients are told that cannot move

	// Of events that wait or run, over all connections; at least MaxMessage.
	EventQueueTotalBytes ByteSize `toml:"event_queue_total_bytes"`
	// Of memory, over all connections: messages that are being read, at least MaxMessage, and that wait to be sent, at least SendQueueBytes.
	ReadTotalBytes      ByteSize `toml:"read_total_bytes"`
	SendQueueTotalBytes ByteSize `toml:"send_queue_total_bytes"`

	// Who may connect. The Parse functions of package admission say what the lists may hold.
	AllowedOrigins   []string `toml:"allowed_origins"`
	AllowedHosts     []string `toml:"allowed_hosts"`
	Paths            []string `toml:"paths"`
	Subprotocols     []string `toml:"subprotocols"`
	TrustedProxies   []string `toml:"trusted_proxies"`
	ForwardedHeaders []string `toml:"forwarded_headers"`
	ProxyProtocol    bool     `toml:"proxy_protocol"`

	// Connections at the same time, and handshakes per second. 0: no limit.
	MaxConnections           int `toml:"max_connections"`
	MaxConnectionsPerAddress int `toml:"max_connections_per_address"`
	HandshakeRate            int `toml:"handshake_rate"`
	HandshakeRatePerAddress  int `toml:"handshake_rate_per_address"`
}

// maxRate is far above the messages per second that one connection carries.
const maxRate = 1 << 20

// Limits that no key sets.
const (
	// MaxHeader is the size of a handshake's header. More would not fit the CGI environment, with what is added to it there.
	MaxHeader = 48 << 10
	// IPv6Prefix is the size of the network that counts as one address. A customer gets no smaller one (RFC 6177).
	IPv6Prefix = 64
	// EventQueue is the number of events of one connection that wait. A full queue stops reading from that client and costs no
	// other one anything.
	EventQueue = 64
)

// TLS reports whether clients speak TLS.
func (s *Server) TLS() bool { return s.TLSCert != "" || len(s.ACME) > 0 }

// ControlBurst returns how many control frames a client may send at once: ten seconds' worth.
func (s *Server) ControlBurst() int { return 10 * s.ControlRate }

// SendQueue returns how many messages to one client may wait. Small ones cost more memory than their bytes.
func (s *Server) SendQueue() int {
	const least, each = 1 << 10, 32 << 10
	return max(least, int(s.SendQueueBytes/each))
}

// EventQueueTotal returns how many events of all clients may wait or run. The least lets ten thousand clients come back at once.
func (s *Server) EventQueueTotal() int {
	const least, each = 1 << 14, 16 << 10
	return max(least, int(s.EventQueueTotalBytes/each))
}

func (c *checker) server(s *Server) {
	c.require(isHostPort(s.Listen), "server.listen", s.Listen, `want host:port, such as "127.0.0.1:50000"`)
	c.require(!strings.ContainsFunc(s.ServerHeader, notPrintable), "server.server_header", s.ServerHeader,
		"want printable ASCII only")
	c.admission(s)
	c.size("server.max_message", s.MaxMessage, 1)
	c.size("server.event_queue_total_bytes", s.EventQueueTotalBytes, 1)
	c.below(s.MaxMessage <= s.EventQueueTotalBytes, "server.max_message", s.MaxMessage,
		"server.event_queue_total_bytes", s.EventQueueTotalBytes)
	c.below(s.MaxMessage <= s.SendQueueBytes, "server.max_message", s.MaxMessage, "server.send_queue_bytes", s.SendQueueBytes)
	c.below(s.MaxMessage <= s.ReadTotalBytes, "server.max_message", s.MaxMessage, "server.read_total_bytes", s.ReadTotalBytes)
	c.below(s.SendQueueBytes <= s.SendQueueTotalBytes, "server.send_queue_bytes", s.SendQueueBytes,
		"server.send_queue_total_bytes", s.SendQueueTotalBytes)
	c.below(s.PingInterval < s.PongTimeout, "server.ping_interval", s.PingInterval, "server.pong_timeout", s.PongTimeout)
	c.number("server.message_rate", s.MessageRate, 0, maxRate)
	c.number("server.message_burst", s.MessageBurst, 1, maxRate)
	c.number("server.control_rate", s.ControlRate, 0, maxRate)
	c.require(s.IdleTimeout >= 0, "server.idle_timeout", s.IdleTimeout, `want zero, which is no limit, or more`)
	// The files themselves are read by the user that serves, who alone may be able to read the key.
	c.require(s.TLSCert == "" || s.TLSKey != "", "server.tls_cert", s.TLSCert, "wants its key, server.tls_key, too")
	c.require(s.TLSKey == "" || s.TLSCert != "", "server.tls_key", s.TLSKey, "wants its certificate, server.tls_cert, too")
	c.acme(s)
}
