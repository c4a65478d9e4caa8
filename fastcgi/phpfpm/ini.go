package phpfpm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings returns the php.ini settings, ours and the configured ones, as php-fpm's arguments. As arguments they work
// like lines of php.ini: also for what opcache needs before a worker exists, and a handler's ini_set still prevails.
// php-fpm overwrites its command line, so other users see them only while it starts.
func (c *Config) settings(who account) ([]string, error) {
	ini := map[string]string{
		// What the command line that ran the original had, or set itself.
		"date.timezone":      "UTC",
		"error_reporting":    "32767",
		"html_errors":        "0",
		"max_execution_time": "0",
		"max_input_time":     "-1",
		"memory_limit":       c.MemoryLimit,
		"user_ini.filename":  "",

		// Tells the PHP half that the memory limit is meant as it is.
		"wsbridge.own": "1",

		// What is logged reaches our log, and what is displayed would only stand beside the answer.
		"display_errors": "0",
		"log_errors":     "1",
		"expose_php":     "0",
		// Stack traces show what functions were called with: passwords, and what clients have sent.
		"zend.exception_ignore_args": "1",

		// Deployed code is seen at the next event; where a symbolic link above the events file points elsewhere now, within
		// two seconds: the PHP half includes it by its real path. An application that names such a link in includes of its
		// own needs opcache.revalidate_path = 1, which opens each file for each event. A realpath_cache_ttl of 0 would
		// keep entries for ever.
		"opcache.enable":              "1",
		"opcache.validate_timestamps": "1",
		"opcache.revalidate_freq":     "0",
		"realpath_cache_ttl":          "1",
	}
	if c.Preload != "" {
		ini["opcache.preload"] = c.Preload
		if who.user != "" { // PHP refuses to run it as root unless told to
			ini["opcache.preload_user"] = who.user
		}
	}
	for name, value := range c.INI {
		if _, fixed := contract()[name]; fixed {
			return nil, fmt.Errorf("php setting %s: the answer to an event depends on it", name)
		}
		ini[name] = value
	}
	maps.Copy(ini, contract())
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

// contract are settings that an answer depends on: effects leave at once and as they are.
func contract() map[string]string {
	return map[string]string{
		"output_buffering":        "0",
		"output_handler":          "",
		"zlib.output_compression": "0",
	}
}

// quote writes a value so that php.ini's syntax takes every byte of it literally.
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
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return false
		}
		return true
	})
}
