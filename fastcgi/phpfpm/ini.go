package phpfpm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings returns the settings of php.ini, ours and the configured ones, as arguments of php-fpm. Arguments work like lines of
// php.ini: opcache reads them before a worker exists, and a handler can still override them with ini_set. php-fpm overwrites its
// command line, so other users can see the settings only while it starts.
func (c *Config) settings(who account) ([]string, error) {
	ini := c.defaultSettings(who)
	for name, value := range c.INI {
		if _, fixed := fixedSettings()[name]; fixed {
			return nil, fmt.Errorf("php setting %s: the answer to an event depends on it", name)
		}
		ini[name] = value
	}
	maps.Copy(ini, fixedSettings())
	var args []string
	for _, name := range slices.Sorted(maps.Keys(ini)) {
		quoted, err := quote(ini[name])
		if err != nil || !isSettingName(name) {
			return nil, fmt.Errorf("php setting %q = %q: not a line of php.ini", name, ini[name])
		}
		args = append(args, "-d", name+"="+quoted)
	}
	return args, nil
}

// defaultSettings returns settings that INI can override.
func (c *Config) defaultSettings(who account) map[string]string {
	ini := map[string]string{
		// As the command line had them that ran the original.
		"date.timezone":      "UTC",
		"error_reporting":    "32767",
		"html_errors":        "0",
		"max_execution_time": "0",
		"max_input_time":     "-1",
		"memory_limit":       c.MemoryLimit,
		"user_ini.filename":  "",
		// They are for the pages of a site, would run with each event, and what one prints would be in the answer.
		"auto_prepend_file": "",
		"auto_append_file":  "",

		// Says to the PHP half that the memory limit is meant as it is.
		"wsbridge.own": "1",

		// Messages reach our log. If they were displayed as well, they would be mixed into the answer.
		"display_errors": "0",
		"log_errors":     "1",
		"expose_php":     "0",
		// Arguments in stack traces can be passwords, or what clients have sent.
		"zend.exception_ignore_args": "1",

		// Changed code runs from the next event on. If a symbolic link above the events file is changed, this takes two
		// seconds, because the PHP half includes the file by its real path. An application with such links in its own includes
		// needs opcache.revalidate_path = 1, which opens each file for each event. With a realpath_cache_ttl of 0 entries
		// would be kept forever.
		"opcache.enable":              "1",
		"opcache.validate_timestamps": "1",
		"opcache.revalidate_freq":     "0",
		"realpath_cache_ttl":          "1",
	}
	if c.Preload != "" {
		ini["opcache.preload"] = c.Preload
		if who.user != "" { // PHP refuses to run the script as root
			ini["opcache.preload_user"] = who.user
		}
	}
	return ini
}

// fixedSettings returns settings that cannot be overridden: without them effects would be delayed or changed.
func fixedSettings() map[string]string {
	return map[string]string{
		"output_buffering":        "0",
		"output_handler":          "",
		"zlib.output_compression": "0",
	}
}

// quote returns value in quotes in which php.ini takes each of its bytes literally.
func quote(value string) (string, error) {
	switch {
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return "", errors.New("control character")
	case !strings.Contains(value, "'"):
		return "'" + value + "'", nil
	case !strings.ContainsAny(value, `"$\`):
		return `"` + value + `"`, nil
	}
	return "", errors.New("both kinds of quotes")
}

func isSettingName(s string) bool {
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
	return s != "" && strings.Trim(s, chars) == ""
}
