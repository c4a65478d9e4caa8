package config

// retired returns the keys that older versions had, each with what holds in its place. A file that names one still loads, with a
// note: the value is not used.
func retired() map[string]string {
	return map[string]string{
		"server.handshake_burst":             "as many handshakes may come at once as server.handshake_rate allows in a second",
		"server.handshake_burst_per_address": "as many handshakes may come at once as server.handshake_rate_per_address allows in a second",
		"server.ipv6_prefix":                 "an IPv6 network of 64 bits counts as one address",
		"server.max_header":                  "a handshake's header may have 48KiB",
		"server.control_burst":               "ten times server.control_rate may come at once",
		"server.event_queue":                 "64 events of one connection may wait",
		"server.event_queue_total":           "16384 events may wait, or one for each 16KiB of server.event_queue_total_bytes if those are more",
		"server.send_queue":                  "1024 messages may wait for a client, or one for each 32KiB of server.send_queue_bytes if those are more",
		"php.dial_timeout":                   "connecting to php-fpm may take 3s",
		"pipe.quiet":                         "a bare command without a newline is complete after 50ms",
		"control.mode":                       "the unix socket is for its owner, and for control.group if that is set",
		"control.pprof":                      "/debug/pprof/ is served to all who may do everything",
	}
}
