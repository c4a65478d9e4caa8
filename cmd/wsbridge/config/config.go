// Package config reads what the program is told to do: the TOML file, the legacy settings file, the flags that name them, and
// the defaults, joined and checked as one.
package config

import (
	"time"
)

// Config is everything that can be configured. deploy/wsbridge.toml says what each key means, why its default is what it
// is and where it is dangerous; a test keeps that file and Default alike.
type Config struct {
	Server    Server    `toml:"server"`
	Legacy    Legacy    `toml:"legacy"`
	PHP       PHP       `toml:"php"`
	Isolation Isolation `toml:"isolation"`
	Globals   Globals   `toml:"globals"`
	Loop      Loop      `toml:"loop"`
	Pipe      Pipe      `toml:"pipe"`
	Control   Control   `toml:"control"`
	Log       Log       `toml:"log"`

	// Notes are the operator's to know, and no reason not to start: to be logged as warnings, once.
	Notes []string `toml:"-"`
	// Constants are the names of the application constants in the legacy settings file. Their values, passwords among
	// them, are never kept: only PHP reads them.
	Constants []string `toml:"-"`
}

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

// Legacy is about the original server's settings file.
type Legacy struct {
	Settings string `toml:"settings"` // absolute after loading; empty if there is none
}

// PHP is about php-fpm and the application's code.
type PHP struct {
	FastCGI         string   `toml:"fastcgi"` // see Endpoint; empty: a php-fpm of wsbridge's own
	FPM             string   `toml:"fpm"`     // own php-fpm's binary; empty: found
	Workers         int      `toml:"workers"` // own php-fpm's
	User            string   `toml:"user"`    // own php-fpm's workers; empty: the default of the phpfpm package
	Group           string   `toml:"group"`
	MemoryLimit     string   `toml:"memory_limit"` // php.ini notation
	Ini             IniTable `toml:"ini"`
	RunDir          string   `toml:"run_dir"`       // absolute; empty: a private temporary folder
	EventsFile      string   `toml:"events_file"`   // absolute, as php-fpm sees it
	SettingsFile    string   `toml:"settings_file"` // as php-fpm sees it; after loading Legacy.Settings if it was empty
	Script          string   `toml:"script"`        // as an external php-fpm sees it; empty: the unpacked one
	MaxConnections  int      `toml:"max_connections"`
	EndStdin        bool     `toml:"end_stdin"`   // for responders that are not php-fpm
	StatusPath      string   `toml:"status_path"` // an external php-fpm's pm.status_path; empty: not asked
	Reserve         int      `toml:"reserve"`     // workers of an external php-fpm that are left to others
	IdleTimeout     Duration `toml:"idle_timeout"`
	DialTimeout     Duration `toml:"dial_timeout"`
	Timeout         Duration `toml:"timeout"`          // one event
	UnavailableWait Duration `toml:"unavailable_wait"` // how long events wait for php-fpm
	Initialize      string   `toml:"initialize"`       // "every" or "once"
	OnError         string   `toml:"on_error"`         // "continue" or "close"
}

// Isolation is about what may run at the same time.
type Isolation struct {
	Mode     string       `toml:"mode"`     // "auto", "serial" or "connection"
	Handlers HandlerModes `toml:"handlers"` // overrule Mode
	// SessionCookie is the name of PHP's session cookie; empty: sessions do not matter.
	SessionCookie string `toml:"session_cookie"`
}

// Globals is about the application's global variables, named without the dollar sign. Those that stand in neither
// list live if the application's code lets them.
type Globals struct {
	Live   []string `toml:"live"`   // carried from event to event
	Forget []string `toml:"forget"` // at their start in each event
}

// Loop is about ws_server_loop.
type Loop struct {
	Interval Duration `toml:"interval"`
}

// Pipe is about the named pipe.
type Pipe struct {
	Path        string   `toml:"path"` // absolute; empty: no pipe
	Mode        FileMode `toml:"mode"`
	MaxDocument ByteSize `toml:"max_document"`
	Quiet       Duration `toml:"quiet"`
}

// Control is about those who operate the server.
type Control struct {
	Listen     Addresses `toml:"listen"`      // see Addresses; empty: nowhere
	Mode       FileMode  `toml:"mode"`        // of unix sockets
	Group      string    `toml:"group"`       // of unix sockets; empty: the process's own
	TokenFile  string    `toml:"token_file"`  // absolute after loading; empty: TCP shows health and metrics only
	PublicPath string    `toml:"public_path"` // begins and ends with a slash; empty: not on the clients' listener
	Pprof      bool      `toml:"pprof"`
}

// Log is about wsbridge's own log.
type Log struct {
	Level  string `toml:"level"`  // "debug", "info", "warn" or "error"
	Format string `toml:"format"` // "text", "json", "journal" or "auto"
	Legacy bool   `toml:"legacy"` // write the original's daily file, too; needs Folder
	// Payloads lets level "debug" show what clients send and are sent.
	Payloads bool `toml:"payloads"`

	Folder string `toml:"-"` // where the legacy settings file wants the daily file: WEBSOCKET_LOG_PATH, absolute
}

// Default returns a whole configuration; only the events file is missing.
func Default() Config {
	return Config{
		Server: Server{
			Listen:           "127.0.0.1:50000",
			ServerHeader:     "wsbridge",
			HandshakeTimeout: Duration(10 * time.Second),
			MaxMessage:       16 << 20,
			MessageBurst:     100,
			ControlRate:      100,
			ControlBurst:     1000,
			EventQueue:       64,
			SendQueue:        1024,
			SendQueueBytes:   32 << 20,
			WriteTimeout:     Duration(10 * time.Second),
			PingInterval:     Duration(30 * time.Second),
			PongTimeout:      Duration(60 * time.Second),
			QueueWait:        Duration(60 * time.Second),
			DrainTimeout:     Duration(15 * time.Second),

			EventQueueTotal:      16384,
			EventQueueTotalBytes: 256 << 20,

			AllowedOrigins:   []string{},
			AllowedHosts:     []string{},
			Paths:            []string{},
			Subprotocols:     []string{},
			MaxHeader:        32 << 10,
			TrustedProxies:   []string{},
			ForwardedHeaders: []string{"X-Forwarded-For", "X-Forwarded-Proto"},
			IPv6Prefix:       64,
		},
		PHP: PHP{
			Workers:         4,
			Reserve:         1,
			MemoryLimit:     "512M",
			Ini:             IniTable{},
			IdleTimeout:     Duration(5 * time.Second),
			DialTimeout:     Duration(3 * time.Second),
			Timeout:         Duration(30 * time.Second),
			UnavailableWait: Duration(10 * time.Second),
			Initialize:      "every",
			OnError:         "continue",
		},
		Isolation: Isolation{Mode: IsolationAuto, Handlers: HandlerModes{}},
		Globals:   Globals{Live: []string{}, Forget: []string{}},
		Loop:      Loop{Interval: Duration(200 * time.Millisecond)},
		Pipe:      Pipe{Mode: 0o660, MaxDocument: 1 << 20, Quiet: Duration(50 * time.Millisecond)},
		Control:   Control{Listen: Addresses{AutoAddress}, Mode: 0o600},
		Log:       Log{Level: "info", Format: "auto"},
	}
}
