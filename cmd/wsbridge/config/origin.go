package config

import (
	"fmt"
	"reflect"
)

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
