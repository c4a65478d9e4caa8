package rows

import (
	"cmp"
	"iter"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// blockSize is the number of keys that share a block. After a change the rows of one block are joined again, and to read all rows is to
// read all blocks. With 10,000 clients that is about 80 rows and 80 blocks, so that both cost the same.
const blockSize = 128

// blocks are all rows, in the order of their keys. They are guarded by the table's mutex.
type blocks []*block // ascending; none is empty

// block holds the rows whose key / blockSize is number.
type block struct {
	number  int64
	rows    []*row           // ascending
	encoded protocol.Encoded // all of them; without entries after a change
}

// add inserts r. New clients can come in another order than that of their keys.
func (s *blocks) add(r *row) {
	number := r.key / blockSize
	i, found := s.find(number)
	if !found {
		*s = slices.Insert(*s, i, &block{number: number})
	}
	b := (*s)[i]
	at, _ := b.find(r.key)
	b.rows = slices.Insert(b.rows, at, r)
	b.encoded = protocol.Encoded{}
	r.block = b
}

func (s *blocks) remove(r *row) {
	b := r.block
	i, _ := b.find(r.key)
	b.rows = slices.Delete(b.rows, i, i+1)
	b.encoded = protocol.Encoded{}
	if len(b.rows) == 0 {
		i, _ := s.find(b.number)
		*s = slices.Delete(*s, i, i+1)
	}
}

func (s *blocks) find(number int64) (int, bool) {
	return slices.BinarySearchFunc(*s, number, func(b *block, number int64) int { return cmp.Compare(b.number, number) })
}

func (b *block) find(key int64) (int, bool) {
	return slices.BinarySearchFunc(b.rows, key, func(r *row, key int64) int { return cmp.Compare(r.key, key) })
}

// all iterates over the rows in the order of their keys.
func (s blocks) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, b := range s {
			for _, r := range b.rows {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// encode returns all rows. The returned bytes are never changed.
func (s blocks) encode() protocol.Encoded {
	all := protocol.Encoded{Parts: make([][]byte, 0, len(s))}
	for _, b := range s {
		b.encode()
		all.Add(b.encoded.Entries, b.encoded.Parts[0], b.encoded.Traits)
	}
	return all
}

// encode joins the rows of the block if one has changed.
func (b *block) encode() {
	if b.encoded.Entries > 0 {
		return
	}
	size := 0
	for _, r := range b.rows {
		size += len(r.encode().Parts[0])
	}
	joined := make([]byte, 0, size)
	var traits protocol.Traits
	for _, r := range b.rows {
		one := r.encode()
		joined = append(joined, one.Parts[0]...)
		traits.Join(one.Traits)
	}
	b.encoded.Add(len(b.rows), joined, traits)
}
