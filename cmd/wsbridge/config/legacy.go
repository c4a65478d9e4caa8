package config

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// Legacy is about the original server's settings file.
type Legacy struct {
	Settings string `toml:"settings"` // absolute after loading; empty if there is none
}

// Bounds of the legacy numbers.
const (
	maxSelectTimeout = int(time.Hour / time.Microsecond)
	maxPongTimeout   = 24 * 60 * 60 // seconds
	// legacyPipeMode lets any user of the machine write, as the original's pipe did.
	legacyPipeMode FileMode = 0o666
)

// overlay lets a legacy settings file decide over cfg, whose values are defaults so far.
func (s *Settings) overlay(cfg *Config, from provenance) problems {
	var found problems
	cfg.Constants = s.Constants
	cfg.Notes = append(cfg.Notes, s.Warnings...)
	cfg.Server.RequireCookie, cfg.Server.RequireUserAgent = true, true
	cfg.Pipe.Mode = legacyPipeMode
	if v, ok := s.own[settingEnable]; ok && v.value != "1" {
		found.add(s.origin(settingEnable).problem(v.value, "the push server is switched off; 1 switches it on"))
	}
	for key, target := range map[string]*string{
		settingServerHeader: &cfg.Server.ServerHeader,
		settingEvents:       &cfg.PHP.EventsFile,
		settingPipe:         &cfg.Pipe.Path,
		settingLogPath:      &cfg.Log.Folder,
	} {
		if v, ok := s.text(key); ok {
			*target = v
		}
	}
	for _, overlay := range []func(*Config) error{s.listen, s.loop, s.pongs} {
		if err := overlay(cfg); err != nil {
			found.add(err.Error())
		}
	}
	if origins := s.list(settingAllowedOrigins); len(origins) > 0 {
		cfg.Server.AllowedOrigins = origins
	}
	s.claim(cfg, from)
	return found
}

// claim notes the origin of what the settings file decides.
func (s *Settings) claim(cfg *Config, from provenance) {
	for key, setting := range map[string]string{
		"server.listen":          settingPort,
		"server.server_header":   settingServerHeader,
		"server.allowed_origins": settingAllowedOrigins,
		"server.pong_timeout":    settingPongTimeout,
		"php.events_file":        settingEvents,
		"pipe.path":              settingPipe,
		"loop.interval":          settingSelectTimeout,
	} {
		if _, ok := s.text(setting); ok {
			from[key] = s.origin(setting)
		}
	}
	if cfg.Server.PingInterval != Default().Server.PingInterval {
		from["server.ping_interval"] = s.origin(settingPongTimeout)
	}
	for _, key := range [...]string{"server.require_cookie", "server.require_user_agent", "pipe.mode"} {
		from[key] = origin{place: s.Path, name: "legacy default"}
	}
}

// listen joins address and port. The original wrote an IPv6 address in brackets.
func (s *Settings) listen(cfg *Config) error {
	port, hasPort, err := s.number(settingPort, 0, 65535)
	address, hasAddress := s.text(settingAddress)
	if err == nil && hasPort && hasAddress {
		address = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
		cfg.Server.Listen = net.JoinHostPort(address, fmt.Sprint(port))
	}
	return err
}

func (s *Settings) loop(cfg *Config) error {
	n, ok, err := s.number(settingSelectTimeout, 0, maxSelectTimeout)
	if !ok {
		return err
	}
	interval := time.Duration(n) * time.Microsecond
	if interval < leastLoop {
		cfg.Notes = append(cfg.Notes, fmt.Sprintf("%s = %d: ws_server_loop runs every %v, not more often",
			s.origin(settingSelectTimeout), n, leastLoop))
	}
	cfg.Loop.Interval = Duration(max(interval, leastLoop))
	return nil
}

// pongs keeps the ping interval below the limit, so that one lost pong does not close a connection.
func (s *Settings) pongs(cfg *Config) error {
	seconds, ok, err := s.number(settingPongTimeout, 1, maxPongTimeout)
	if !ok {
		return err
	}
	limit := Duration(time.Duration(seconds) * time.Second)
	cfg.Server.PongTimeout = limit
	cfg.Server.PingInterval = min(cfg.Server.PingInterval, limit/2)
	return nil
}

// missing names the required settings that neither the file nor, through from, a TOML file has.
func (s *Settings) missing(from provenance) []string {
	var names []string
	for _, required := range [...]struct{ setting, key string }{
		{settingAddress, "server.listen"},
		{settingPort, "server.listen"},
		{settingEvents, "php.events_file"},
	} {
		_, has := s.text(required.setting)
		if !has && from[required.key].name != required.key {
			names = append(names, required.setting)
		}
	}
	return names
}
