package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxConfigFile is the size limit of a file that is read: a wrong path, to a log or a device, fails at once.
const maxConfigFile = 1 << 20

// document is a parsed TOML file. Its values are decoded one by one, so that every bad one is reported with its line.
type document struct {
	path    string
	meta    toml.MetaData
	values  []value // of known keys, in the file's order
	unknown problems
	retired []string // notes about keys that older versions had
}

type value struct {
	key  string
	line int
	raw  toml.Primitive
}

// readDocument reads and parses a TOML file. known has the keys that it may have.
func readDocument(path string, known map[string]any) (*document, error) {
	text, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	return parseDocument(path, text, known)
}

// parseDocument returns an error for bad syntax only. Unknown keys are problems of the document.
func parseDocument(path string, text []byte, known map[string]any) (*document, error) {
	d, err := parseTOML(path, text)
	if err == nil {
		d.removeUnknown(known)
	}
	return d, err
}

// parseTOML returns a document that may have unknown keys. Bad syntax is a configError.
func parseTOML(path string, text []byte) (*document, error) {
	if err := otherFile(path, text); err != nil {
		return nil, err
	}
	var tables map[string]toml.Primitive
	meta, err := toml.Decode(string(text), &tables)
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		what := strings.TrimSuffix(syntax.Message, ".") + unquoted(lineOf(text, syntax.Position.Line))
		return nil, configError(fmt.Sprintf("%s:%d: %s", path, syntax.Position.Line, what))
	}
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	d := &document{path: path, meta: meta}
	d.collect(tables)
	return d, nil
}

// lineOf returns a line by its number, of which the first is 1.
func lineOf(text []byte, number int) string {
	lines := strings.Split(string(text), "\n")
	if number < 1 || number > len(lines) {
		return ""
	}
	return lines[number-1]
}

// collect fills in the values of the sections. What is no section becomes one value, for removeUnknown.
func (d *document) collect(tables map[string]toml.Primitive) {
	names := sections()
	for name, raw := range tables {
		var keys map[string]toml.Primitive
		if _, ok := names[name]; !ok || !d.isTable(raw) || d.meta.PrimitiveDecode(raw, &keys) != nil {
			d.values = append(d.values, value{key: toml.Key{name}.String(), line: d.line(raw), raw: raw})
			continue
		}
		for key, raw := range keys {
			d.values = append(d.values, value{key: toml.Key{name, key}.String(), line: d.line(raw), raw: raw})
		}
	}
	slices.SortFunc(d.values, func(a, b value) int { return cmp.Or(a.line-b.line, cmp.Compare(a.key, b.key)) })
}

// isTable decodes the value into an any, because the parser decodes other types into a map without an error.
func (d *document) isTable(raw toml.Primitive) bool {
	var v any
	_ = d.meta.PrimitiveDecode(raw, &v) // any value decodes into an any
	_, ok := v.(map[string]any)
	return ok
}

// removeUnknown takes out the values whose keys are not known and makes each a problem, or a note if its key is retired. Keys are
// case-sensitive.
func (d *document) removeUnknown(known map[string]any) {
	sections, retired := sections(), retired()
	d.values = slices.DeleteFunc(d.values, func(v value) bool {
		if _, ok := known[v.key]; ok {
			return false
		}
		_, isSection := sections[v.key]
		switch now, ok := retired[v.key]; {
		case ok:
			d.retired = append(d.retired, fmt.Sprintf("%s is no longer a key, and its value is not used: %s", d.origin(v), now))
		case isSection:
			d.unknown.add(fmt.Sprintf("%s: want a table, [%s]", d.origin(v), v.key))
		default:
			d.unknown.add(fmt.Sprintf("%s: unknown key%s", d.origin(v), DidYouMean(meantKeys(v.key, known, sections))))
		}
		return true
	})
}

func (d *document) origin(v value) origin {
	return origin{place: fmt.Sprintf("%s:%d", d.path, v.line), name: v.key}
}

// line returns the line of a value. The parser reports positions only in errors, so decoding fails on purpose. A table that only
// dotted keys imply begins where the first of them stands.
func (d *document) line(raw toml.Primitive) int {
	err := d.meta.PrimitiveDecode(raw, new(locator))
	located, _ := errors.AsType[toml.ParseError](err)
	first := located.Position.Line
	if first > 0 {
		return first
	}
	var inner map[string]toml.Primitive
	_ = d.meta.PrimitiveDecode(raw, &inner) // anything but a table has its own line
	for _, raw := range inner {
		if line := d.line(raw); first == 0 || line < first {
			first = line
		}
	}
	return first
}

// locator fails to decode any value.
type locator struct{}

var errLocated = errors.New("located")

func (*locator) UnmarshalTOML(any) error { return errLocated }

// decode stores the values where targets point and their origins in from. It returns the problems, and notes about values that
// override those already in from, which the legacy settings file set. An empty string does not override.
func (d *document) decode(targets map[string]any, from provenance) (found problems, overridden []string) {
	found.add(d.unknown...)
	for _, v := range d.values {
		target := reflect.ValueOf(targets[v.key])
		fresh := reflect.New(target.Type().Elem())
		if err := d.meta.PrimitiveDecode(v.raw, fresh.Interface()); err != nil {
			var bad any
			_ = d.meta.PrimitiveDecode(v.raw, &bad) // any value decodes into an any
			found.add(d.origin(v).problem(bad, wanted(fresh.Interface(), err)))
			continue
		}
		earlier, taken := from[v.key]
		if taken && fresh.Elem().Kind() == reflect.String && fresh.Elem().Len() == 0 {
			continue
		}
		if taken && !reflect.DeepEqual(fresh.Elem().Interface(), target.Elem().Interface()) {
			overridden = append(overridden, fmt.Sprintf("%s overrides %s", d.origin(v), earlier))
		}
		target.Elem().Set(fresh.Elem())
		from[v.key] = d.origin(v)
	}
	return found, overridden
}

// wanted says what target accepts. Our own types say it in their errors.
func wanted(target any, err error) string {
	if own, ok := errors.AsType[toml.ParseError](err); ok {
		return own.Message
	}
	switch target.(type) {
	case *int:
		return "want a whole number"
	case *bool:
		return "want true or false"
	case *[]string:
		return "want a list of strings"
	}
	return "want a string"
}

// readLimited reads a file of at most maxConfigFile bytes.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfigFile {
		return nil, fmt.Errorf("read %s: larger than %s", path, ByteSize(maxConfigFile))
	}
	return text, nil
}
