package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/wsbridge/wsbridge/protocol/phpvalue"
)

// Field is a top-level entry of a row, whose value is raw JSON.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Fields are the entries of a JSON object in their order, which PHP's arrays keep and Go's maps do not.
type Fields []Field

// UnmarshalJSON reads an object, or the empty array that PHP writes in place of an empty object.
func (f *Fields) UnmarshalJSON(data []byte) error {
	*f = nil
	d := json.NewDecoder(bytes.NewReader(data))
	open, err := d.Token()
	if err != nil {
		return err
	}
	if open == nil || open == json.Delim('[') && !d.More() {
		return nil
	}
	if open != json.Delim('{') {
		return fmt.Errorf("want an object, got %.20q", data)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		field := Field{Name: name.(string)} // the decoder has checked that names are strings
		if err := d.Decode(&field.Value); err != nil {
			return err
		}
		*f = append(*f, field)
	}
	return nil
}

// MarshalJSON writes the fields as one object, in order.
func (f Fields) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, field := range f {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(field.Name)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), field.Value...)
	}
	return append(b, '}'), nil
}

// Get returns the value of name, or nil.
func (f Fields) Get(name string) json.RawMessage {
	if i := f.index(name); i >= 0 {
		return f[i].Value
	}
	return nil
}

// Set replaces the value of name in its place, or adds it at the end.
func (f *Fields) Set(name string, value json.RawMessage) {
	if i := f.index(name); i >= 0 {
		(*f)[i].Value = value
		return
	}
	*f = append(*f, Field{name, value})
}

// Unset removes name if it is there.
func (f *Fields) Unset(name string) {
	if i := f.index(name); i >= 0 {
		*f = slices.Delete(*f, i, i+1)
	}
}

func (f Fields) index(name string) int {
	return slices.IndexFunc(f, func(field Field) bool { return field.Name == name })
}

// object is a JSON object, or the empty array that PHP writes in place of an empty one.
type object[K comparable, V any] map[K]V

// UnmarshalJSON reads either form.
func (o *object[K, V]) UnmarshalJSON(data []byte) error {
	if string(data) == "[]" {
		*o = nil
		return nil
	}
	return json.Unmarshal(data, (*map[K]V)(o))
}

// RowChange is what an event changed in one row.
type RowChange struct {
	Unset []string `json:"unset,omitempty"`
	Set   Fields   `json:"set,omitempty"`
}

// Apply changes f. Removals come first, so that a field can move to the end.
func (c *RowChange) Apply(f *Fields) {
	for _, name := range c.Unset {
		f.Unset(name)
	}
	for _, field := range c.Set {
		f.Set(field.Name, field.Value)
	}
}

// Names returns the names of the fields that change, as people read them, in their order.
func (c *RowChange) Names() []string {
	names := slices.Clone(c.Unset)
	for _, field := range c.Set {
		names = append(names, field.Name)
	}
	for i, name := range names {
		names[i] = phpvalue.ReadableName(name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
