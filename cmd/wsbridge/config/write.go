package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// appendTOML appends a value of a Config as TOML, on one line.
func appendTOML(b []byte, v reflect.Value) []byte {
	if named, ok := v.Interface().(fmt.Stringer); ok {
		return appendString(b, named.String())
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Slice:
		return appendList(b, v)
	case reflect.Map:
		return appendTable(b, v)
	}
	return appendString(b, v.String())
}

func appendList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendTOML(b, v.Index(i))
	}
	return append(b, ']')
}

// appendTable appends a table of strings, sorted by key.
func appendTable(b []byte, v reflect.Value) []byte {
	if v.Len() == 0 {
		return append(b, "{}"...)
	}
	b = append(b, "{ "...)
	texts := map[string]reflect.Value{}
	for key, value := range v.Seq2() {
		texts[key.String()] = value
	}
	for i, key := range slices.Sorted(maps.Keys(texts)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, key), " = "...)
		b = appendTOML(b, texts[key])
	}
	return append(b, " }"...)
}

// appendString has the library quote s. It can only write a value with a key, which is cut off.
func appendString(b []byte, s string) []byte {
	text, err := toml.Marshal(map[string]string{"k": s})
	if err != nil {
		panic(fmt.Sprintf("config: write a string: %v", err)) // any string can be written
	}
	return append(b, strings.TrimSuffix(strings.TrimPrefix(string(text), "k = "), "\n")...)
}
