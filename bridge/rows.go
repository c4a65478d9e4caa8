package bridge

import (
	"cmp"
	"iter"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// blockSize is how many keys share a block. A change costs joining one block's rows anew, and all rows cost as many pieces
// as there are blocks: at 10,000 clients, about 80 of each.
const blockSize = 128

// rows holds the clients in the order of their keys, in blocks. What PHP reads of a block is kept until one of its rows
// changes, so an event that needs all rows costs what has changed since the last one. Guarded by the table's mutex.
type rows struct {
	blocks []*block // ascending; none is empty
	count  int
}

// block holds the clients whose keys divided by blockSize are number.
type block struct {
	number  int64
	clients []*client        // ascending
	encoded protocol.Encoded // their rows; no entries after a change
}

// add puts in c, whose key is higher than all others.
func (r *rows) add(c *client) {
	number := c.key / blockSize
	if len(r.blocks) == 0 || r.blocks[len(r.blocks)-1].number != number {
		r.blocks = append(r.blocks, &block{number: number})
	}
	b := r.blocks[len(r.blocks)-1]
	b.clients = append(b.clients, c)
	b.encoded = protocol.Encoded{}
	c.row.block = b
	r.count++
}

func (r *rows) remove(c *client) {
	b := c.row.block
	i, _ := slices.BinarySearchFunc(b.clients, c.key, func(c *client, key int64) int { return cmp.Compare(c.key, key) })
	b.clients = slices.Delete(b.clients, i, i+1)
	b.encoded = protocol.Encoded{}
	r.count--
	if len(b.clients) > 0 {
		return
	}
	i, _ = slices.BinarySearchFunc(r.blocks, b.number, func(b *block, number int64) int { return cmp.Compare(b.number, number) })
	r.blocks = slices.Delete(r.blocks, i, i+1)
}

// all iterates over the clients in the order of their keys.
func (r *rows) all() iter.Seq[*client] {
	return func(yield func(*client) bool) {
		for _, b := range r.blocks {
			for _, c := range b.clients {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// encode returns all rows. The bytes never change.
func (r *rows) encode() protocol.Encoded {
	all := protocol.Encoded{Parts: make([][]byte, 0, len(r.blocks))}
	for _, b := range r.blocks {
		b.encode()
		all.Add(b.encoded.Entries, b.encoded.Parts[0], b.encoded.Traits)
	}
	return all
}

// encode joins the rows of the block, unless nothing has changed.
func (b *block) encode() {
	if b.encoded.Entries > 0 {
		return
	}
	size := 0
	for _, c := range b.clients {
		size += len(c.row.encode(c.key).Parts[0])
	}
	joined := make([]byte, 0, size)
	var traits protocol.Traits
	for _, c := range b.clients {
		row := c.row.encode(c.key)
		joined = append(joined, row.Parts[0]...)
		traits.Join(row.Traits)
	}
	b.encoded.Add(len(b.clients), joined, traits)
}
