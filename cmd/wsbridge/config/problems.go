package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// problems is an error that lists everything that is wrong, so that it can be mended in one go.
type problems []string

func (p *problems) add(more ...string) { *p = append(*p, more...) }

// err returns p, or nil if there are no problems.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Error returns a single problem as one line, several below a line that counts them.
func (p problems) Error() string {
	if len(p) == 1 {
		return p[0]
	}
	return fmt.Sprintf("%d problems in the configuration:\n  %s", len(p), strings.Join(p, "\n  "))
}

// Each returns the problems that an error of Load lists.
func Each(err error) []string {
	if p, ok := errors.AsType[problems](err); ok {
		return p
	}
	return []string{err.Error()}
}

// configError is a single problem that ends reading.
type configError string

func (e configError) Error() string { return string(e) }

// origin says where a value was written.
type origin struct {
	place string // "wsbridge.toml:12"; empty for a flag or a default
	name  string // of the key or the flag there
}

// provenance has the origins of the values that are not defaults, by key.
type provenance map[string]origin

// problem describes a bad value: its origin, the value, and what is wanted instead.
func (p provenance) problem(key string, value any, want string) string {
	return p.at(key).problem(value, want)
}

// at returns the origin of any value. That of a default is only its key.
func (p provenance) at(key string) origin {
	if o, ok := p[key]; ok {
		return o
	}
	return origin{name: key}
}

func (o origin) String() string {
	if o.place == "" {
		return o.name
	}
	return o.place + ": " + o.name
}

func (o origin) problem(value any, want string) string {
	return fmt.Sprintf("%s = %s: %s", o, show(value), want)
}

// show returns a value for an error, cut short.
func show(v any) string {
	const limit = 80
	s, isText := v.(string)
	if named, ok := v.(fmt.Stringer); ok {
		s, isText = named.String(), true
	}
	switch {
	case v == nil, reflect.TypeOf(v).Kind() == reflect.Map:
		return "{…}" // a table may hold passwords
	case !isText:
		s = fmt.Sprintf("%v", v)
	}
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	if isText {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Either joins alternatives: "a, b or c".
func Either(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
