package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// IniTable maps php.ini directives to values, as php-fpm's pool configuration takes them.
type IniTable map[string]string

// UnmarshalTOML accepts strings, whole numbers and booleans. A dotted name need not be quoted: opcache.jit = "off", which TOML reads
// as a table in the table, is the directive "opcache.jit".
func (t *IniTable) UnmarshalTOML(data any) error {
	table, ok := data.(map[string]any)
	if !ok {
		return errors.New(`want a table of php.ini directives, such as { "opcache.jit" = "off" }`)
	}
	*t = IniTable{}
	return t.add("", table)
}

func (t IniTable) add(prefix string, table map[string]any) error {
	for name, value := range table {
		name = prefix + name
		switch v := value.(type) {
		case map[string]any:
			if err := t.add(name+".", v); err != nil {
				return err
			}
			continue
		case string:
			t[name] = v
		case int64:
			t[name] = fmt.Sprint(v)
		case bool:
			t[name] = map[bool]string{true: "1", false: "0"}[v]
		default:
			return fmt.Errorf("want a string, a whole number or a boolean for the directive %q", name)
		}
		if err := checkDirective(name, t[name]); err != nil {
			return err
		}
	}
	return nil
}

// checkDirective refuses names and values that could begin another directive in php-fpm's configuration.
func checkDirective(name, value string) error {
	if !regexp.MustCompile(`^[a-zA-Z0-9._-]+$`).MatchString(name) {
		return fmt.Errorf("want the name of a php.ini directive, not %q", name)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return fmt.Errorf("want no control characters in the directive %q", name)
	}
	return nil
}
