package protocol

import "github.com/wsbridge/wsbridge/protocol/phpvalue"

// Encoded is an array as PHP's serialize() writes it. Rows travel in that form because PHP reads it in less than half the
// time that JSON takes, and an event may need the rows of all clients.
type Encoded struct {
	Entries int
	Parts   [][]byte // each holds whole entries and never changes
	Traits
}

// Traits say what PHP has to look for in an Encoded.
type Traits = phpvalue.Traits

// Add appends a part that holds so many entries.
func (e *Encoded) Add(entries int, part []byte, traits Traits) {
	e.Entries += entries
	e.Parts = append(e.Parts, part)
	e.Join(traits)
}

// AppendText appends an entry with a text.
func AppendText(b []byte, name, value string) []byte {
	return phpvalue.AppendText(phpvalue.AppendText(b, name), value)
}

// Size is the number of bytes of the array.
func (e *Encoded) Size() int {
	var head [32]byte
	n := len(phpvalue.AppendArrayHead(head[:0], e.Entries)) + len(phpvalue.ArrayEnd)
	for _, p := range e.Parts {
		n += len(p)
	}
	return n
}

// appendPieces appends the array in pieces, uncopied.
func (e *Encoded) appendPieces(pieces [][]byte) [][]byte {
	pieces = append(append(pieces, phpvalue.AppendArrayHead(nil, e.Entries)), e.Parts...)
	return append(pieces, []byte(phpvalue.ArrayEnd))
}

// AppendRow appends a client's key and row, which make one entry of $connections.
func AppendRow(b []byte, key int64, row Fields) ([]byte, Traits) {
	b = phpvalue.AppendArrayHead(phpvalue.AppendKey(b, key), len(row))
	b, traits := AppendFields(b, row)
	return append(b, phpvalue.ArrayEnd...), traits
}

// AppendNew appends an entry of Event.Changes: a new client's row. number is the entry's, from 0 on.
func AppendNew(b []byte, number int, key int64, row Fields) ([]byte, Traits) {
	return appendChange(b, number, key, row, "b:1;")
}

// AppendSet appends an entry of Event.Changes: fields of a client's row that are set.
func AppendSet(b []byte, number int, key int64, set Fields) ([]byte, Traits) {
	return appendChange(b, number, key, set, "b:0;")
}

// AppendRemoved appends an entry of Event.Changes: the row of a client that has left.
func AppendRemoved(b []byte, number int, key int64) []byte {
	b = phpvalue.AppendKey(phpvalue.AppendArrayHead(phpvalue.AppendKey(b, int64(number)), 1), 0)
	return append(phpvalue.AppendKey(b, key), phpvalue.ArrayEnd...)
}

// appendChange appends a list of a key, fields, and whether they are a new row.
func appendChange(b []byte, number int, key int64, fields Fields, isNew string) ([]byte, Traits) {
	b = phpvalue.AppendKey(phpvalue.AppendArrayHead(phpvalue.AppendKey(b, int64(number)), 3), 0)
	b = phpvalue.AppendKey(phpvalue.AppendKey(b, key), 1)
	b = phpvalue.AppendArrayHead(b, len(fields))
	b, traits := AppendFields(b, fields)
	b = phpvalue.AppendKey(append(b, phpvalue.ArrayEnd...), 2)
	return append(append(b, isNew...), phpvalue.ArrayEnd...), traits
}

// AppendFields appends fields as an array's entries.
func AppendFields(b []byte, fields Fields) ([]byte, Traits) {
	var all, traits Traits
	for _, f := range fields {
		b, traits = phpvalue.AppendEntry(b, f.Name, f.Value)
		all.Join(traits)
	}
	return b, all
}
