package config

// Effect says for whom a changed value holds when a running server has read its configuration again.
type Effect string

const (
	AtOnce     Effect = "at once"     // for everybody; what is PHP's, by another php-fpm that takes over from the one before
	NewClients Effect = "new clients" // those that are there keep what they came with
	Restart    Effect = "restart"     // for nobody, before the server is started anew
)

// effects is the decision about each key. deploy/wsbridge.toml shows it.
func effects() map[string]Effect {
	return map[string]Effect{
		"server.listen":                      Restart, // it is where clients find the server
		"server.tls_cert":                    Restart, // what the files hold is read again, and when they change
		"server.tls_key":                     Restart,
		"server.server_header":               AtOnce,
		"server.handshake_timeout":           Restart, // net/http's, which cannot be changed while it serves
		"server.require_cookie":              AtOnce,
		"server.require_user_agent":          AtOnce,
		"server.allowed_origins":             AtOnce,
		"server.max_message":                 NewClients,
		"server.compression":                 NewClients, // agreed on in the handshake
		"server.empty_text":                  AtOnce,
		"server.allowed_hosts":               AtOnce,
		"server.paths":                       AtOnce,
		"server.subprotocols":                NewClients,
		"server.max_header":                  Restart, // as handshake_timeout
		"server.trusted_proxies":             AtOnce,
		"server.forwarded_headers":           AtOnce,
		"server.proxy_protocol":              AtOnce,
		"server.max_connections":             AtOnce,
		"server.max_connections_per_address": AtOnce,
		"server.handshake_rate":              AtOnce,
		"server.handshake_burst":             AtOnce,
		"server.handshake_rate_per_address":  AtOnce,
		"server.handshake_burst_per_address": AtOnce,
		"server.ipv6_prefix":                 AtOnce,
		"server.message_rate":                NewClients,
		"server.message_burst":               NewClients,
		"server.control_rate":                NewClients,
		"server.control_burst":               NewClients,
		"server.event_queue":                 NewClients,
		"server.event_queue_total":           AtOnce,
		"server.event_queue_total_bytes":     AtOnce,
		"server.send_queue":                  NewClients,
		"server.send_queue_bytes":            NewClients,
		"server.write_timeout":               NewClients,
		"server.ping_interval":               AtOnce,
		"server.pong_timeout":                AtOnce,
		"server.idle_timeout":                NewClients,
		"server.queue_wait":                  AtOnce,
		"server.drain_timeout":               AtOnce,

		"legacy.settings": AtOnce,

		"php.fastcgi":          AtOnce,
		"php.fpm":              AtOnce,
		"php.workers":          AtOnce,
		"php.user":             AtOnce,
		"php.group":            AtOnce,
		"php.memory_limit":     AtOnce,
		"php.ini":              AtOnce,
		"php.run_dir":          Restart, // the path of the PHP half stands in what each client's events carry
		"php.events_file":      AtOnce,
		"php.settings_file":    AtOnce,
		"php.script":           Restart, // likewise
		"php.end_stdin":        AtOnce,
		"php.max_connections":  AtOnce,
		"php.status_path":      AtOnce,
		"php.reserve":          AtOnce,
		"php.idle_timeout":     AtOnce,
		"php.dial_timeout":     AtOnce,
		"php.timeout":          AtOnce,
		"php.unavailable_wait": AtOnce,
		"php.initialize":       AtOnce,
		"php.on_error":         AtOnce,

		"isolation.mode":           AtOnce,
		"isolation.handlers":       AtOnce,
		"isolation.session_cookie": NewClients,

		"globals.live":   AtOnce,
		"globals.forget": AtOnce,

		"loop.interval": AtOnce,

		"pipe.path":         Restart, // writers hold it open
		"pipe.mode":         AtOnce,
		"pipe.max_document": Restart, // a document may be half read
		"pipe.quiet":        Restart, // likewise

		"control.listen":      Restart, // the reload itself may have come that way
		"control.mode":        Restart,
		"control.group":       Restart,
		"control.token_file":  Restart,
		"control.public_path": Restart,
		"control.pprof":       Restart,

		"log.level":    AtOnce,
		"log.format":   Restart, // a log of two forms is of use to nobody
		"log.legacy":   AtOnce,
		"log.payloads": AtOnce,
	}
}

// effectOf returns a key's effect.
func effectOf(key string) Effect {
	if e, ok := effects()[key]; ok {
		return e
	}
	return Restart // a test keeps this from happening
}
