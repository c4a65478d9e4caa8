package config

import (
	"iter"
	"maps"
	"reflect"
)

// field is a value of a Config.
type field struct {
	key   string // in the TOML file, such as "server.listen"
	value any    // a pointer to it
}

// list returns the values of cfg in the order of its fields.
func list(cfg *Config) []field {
	var all []field
	for section, fv := range tags(reflect.ValueOf(cfg).Elem()) {
		for name, v := range tags(fv) {
			all = append(all, field{section + "." + name, v.Addr().Interface()})
		}
	}
	return all
}

// fields returns pointers to the values of cfg, by key.
func fields(cfg *Config) map[string]any {
	byKey := map[string]any{}
	for _, f := range list(cfg) {
		byKey[f.key] = f.value
	}
	return byKey
}

// sections returns the sections that a TOML file may have, by name.
func sections() map[string]reflect.Value { return tagged(reflect.ValueOf(Config{})) }

// tagged returns the fields of a struct by their TOML names.
func tagged(v reflect.Value) map[string]reflect.Value {
	return maps.Collect(tags(v))
}

// tags iterates over the fields of a struct that have a TOML name.
func tags(v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for f, fv := range v.Fields() {
			if name := f.Tag.Get("toml"); name != "-" && !yield(name, fv) {
				return
			}
		}
	}
}
