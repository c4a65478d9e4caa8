package config

import (
	"fmt"
	"strconv"
	"strings"
)

// text returns a setting's value; ok is false if it is missing or empty.
func (s *Settings) text(key string) (v string, ok bool) {
	v = s.own[key].value
	return v, v != ""
}

// number returns a setting as a whole number from least to most; ok is false if it is missing or empty. The error names
// the key, the value and its line.
func (s *Settings) number(key string, least, most int) (n int, ok bool, err error) {
	v, ok := s.text(key)
	if !ok {
		return 0, false, nil
	}
	n, err = strconv.Atoi(v)
	if err != nil || n < least || n > most {
		want := fmt.Sprintf("want a whole number from %d to %d", least, most)
		return 0, false, configError(s.origin(key).problem(v, want))
	}
	return n, true, nil
}

// list returns a comma-separated setting without its blank parts.
func (s *Settings) list(key string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(s.own[key].value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// origin is where a setting stands.
func (s *Settings) origin(key string) origin {
	return origin{place: fmt.Sprintf("%s:%d", s.Path, s.own[key].line), name: key}
}
