package config

// Log is about wsbridge's own log.
type Log struct {
	Level  string `toml:"level"`  // "debug", "info", "warn" or "error"
	Format string `toml:"format"` // "text", "json", "journal" or "auto"
	Legacy bool   `toml:"legacy"` // also write the original's daily file; needs Folder
	// Payloads lets level "debug" show messages of clients and to clients.
	Payloads bool `toml:"payloads"`

	Folder string `toml:"-"` // of the daily file: WEBSOCKET_LOG_PATH of the legacy settings file, absolute
}

func (c *checker) log(l *Log) {
	c.oneOf("log.level", l.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", l.Format, "auto", "text", "json", "journal")
	c.require(!l.Legacy || l.Folder != "", "log.legacy", l.Legacy, "want WEBSOCKET_LOG_PATH in a legacy settings file")
}
