package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Legacy is about the original server's settings file.
type Legacy struct {
	Settings string `toml:"settings"` // absolute after loading; empty if there is none
}

// Limits of the legacy numbers.
const (
	maxSelectTimeout = int(time.Hour / time.Microsecond)
	maxPongTimeout   = 24 * 60 * 60 // seconds
)

// overlay writes what a legacy settings file decides over the defaults.
type overlay struct {
	*settings
	cfg   *Config
	from  provenance
	found problems
}

// overlay changes cfg, which has the defaults so far, and from.
func (s *settings) overlay(cfg *Config, from provenance) problems {
	o := overlay{settings: s, cfg: cfg, from: from}
	o.defaults()
	o.enable()
	o.text(settingServerHeader, &cfg.Server.ServerHeader, "server.server_header")
	o.text(settingEvents, &cfg.PHP.EventsFile, "php.events_file")
	o.text(settingPipe, &cfg.Pipe.Path, "pipe.path")
	o.text(settingLogPath, &cfg.Log.Folder)
	o.listen()
	o.loop()
	o.pongs()
	o.origins()
	return o.found
}

// defaults sets what is different wherever there is a settings file: the original refused such handshakes, let every user of the
// machine write to its pipe, and did not limit the time of handlers.
func (o *overlay) defaults() {
	o.cfg.Constants = o.Constants
	o.cfg.Notes = append(o.cfg.Notes, o.Warnings...)
	o.cfg.Server.RequireCookie, o.cfg.Server.RequireUserAgent = true, true
	o.cfg.Pipe.Mode = 0o666
	o.cfg.PHP.Timeout = 0
	for _, key := range [...]string{"server.require_cookie", "server.require_user_agent", "pipe.mode", "php.timeout"} {
		o.from[key] = origin{place: o.Path, name: "legacy default"}
	}
}

func (o *overlay) enable() {
	if v, ok := o.own[settingEnable]; ok && v.value != "1" {
		o.found.add(o.origin(settingEnable).problem(v.value, "the push server is switched off; 1 switches it on"))
	}
}

// text sets target unless the setting is empty.
func (o *overlay) text(setting string, target *string, keys ...string) {
	if v := o.value(setting); v != "" {
		*target = v
		o.decides(setting, keys...)
	}
}

// decides records the setting as the origin of these keys.
func (o *overlay) decides(setting string, keys ...string) {
	for _, key := range keys {
		o.from[key] = o.origin(setting)
	}
}

// number returns a setting as a whole number. ok is false if it is empty, or out of range, which is a problem.
func (o *overlay) number(setting string, least, most int) (n int, ok bool) {
	v := o.value(setting)
	if v == "" {
		return 0, false
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		o.found.add(o.origin(setting).problem(v, fmt.Sprintf("want a whole number from %d to %d", least, most)))
		return 0, false
	}
	return n, true
}

// listen joins address and port. The original wrote an IPv6 address in brackets.
func (o *overlay) listen() {
	port, ok := o.number(settingPort, 0, 65535)
	address := strings.TrimSuffix(strings.TrimPrefix(o.value(settingAddress), "["), "]")
	if ok && address != "" {
		o.cfg.Server.Listen = net.JoinHostPort(address, fmt.Sprint(port))
		o.decides(settingPort, "server.listen")
	}
}

func (o *overlay) loop() {
	n, ok := o.number(settingSelectTimeout, 0, maxSelectTimeout)
	if !ok {
		return
	}
	interval := time.Duration(n) * time.Microsecond
	if interval < leastLoop {
		o.cfg.Notes = append(o.cfg.Notes, fmt.Sprintf("%s = %d: ws_server_loop runs every %v, not more often",
			o.origin(settingSelectTimeout), n, leastLoop))
	}
	o.cfg.Loop.Interval = Duration(max(interval, leastLoop))
	o.decides(settingSelectTimeout, "loop.interval")
}

// pongs keeps the ping interval below the limit, so that one lost pong does not close a connection.
func (o *overlay) pongs() {
	seconds, ok := o.number(settingPongTimeout, 1, maxPongTimeout)
	if !ok {
		return
	}
	server, limit := &o.cfg.Server, Duration(time.Duration(seconds)*time.Second)
	server.PongTimeout = limit
	o.decides(settingPongTimeout, "server.pong_timeout")
	if limit/2 < server.PingInterval {
		server.PingInterval = limit / 2
		o.decides(settingPongTimeout, "server.ping_interval")
	}
}

func (o *overlay) origins() {
	if origins := o.list(settingAllowedOrigins); len(origins) > 0 {
		o.cfg.Server.AllowedOrigins = origins
		o.decides(settingAllowedOrigins, "server.allowed_origins")
	}
}

// missing returns the required settings that neither the settings file nor a TOML file has, each with the key that may stand for it.
func (s *settings) missing(from provenance) []string {
	var names []string
	for _, required := range [...]struct{ setting, key string }{
		{settingAddress, "server.listen"},
		{settingPort, "server.listen"},
		{settingEvents, "php.events_file"},
	} {
		if s.value(required.setting) == "" && from[required.key].name != required.key {
			name := required.setting
			if like, ok := s.misspelt[name]; ok {
				name += " (" + like + ")"
			}
			names = append(names, name)
		}
	}
	return names
}
