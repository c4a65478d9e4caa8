package journal

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Begin writes that the event of a document, which has the sequence number seq, is about to be sent to PHP. It may be called again for
// the same document. The error is ErrUnknown if there is no such document.
func (j *Journal) Begin(ctx context.Context, id, seq uint64) error {
	j.Reserve(seq)
	place, err := j.begin(id)
	if err != nil {
		return err
	}
	return j.noteBegin(ctx, place, kindBegun, id, seq)
}

// begin says that a document begins, and returns where that is to be noted.
func (j *Journal) begin(id uint64) (place int, err error) {
	size, unlock, err := j.lockDocument(id)
	if err != nil {
		return nowhere, err
	}
	defer unlock()
	if place, again := j.begun[id]; again {
		return place, nil
	}
	if err := j.take(id, size); err != nil {
		return nowhere, err
	}
	place = j.places.take()
	j.begun[id] = place
	return place, nil
}

// BeginClose writes that a client's close event, which has the sequence number seq, is about to be sent to PHP. The error is ErrUnknown
// if none is owed.
func (j *Journal) BeginClose(ctx context.Context, key int64, seq uint64) error {
	j.Reserve(seq)
	place, err := j.beginClose(key)
	if err != nil {
		return err
	}
	return j.noteBegin(ctx, place, kindClosing, uint64(key), seq)
}

func (j *Journal) beginClose(key int64) (place int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(); err != nil {
		return nowhere, err
	}
	place, owed := j.owed[key]
	if !owed {
		return nowhere, fmt.Errorf("client %d: %w", key, ErrUnknown)
	}
	if place == nowhere {
		place = j.places.take()
		j.owed[key] = place
	}
	return place, nil
}

// noteBegin blocks until a begin is written.
func (j *Journal) noteBegin(ctx context.Context, place int, kind byte, number, seq uint64) error {
	if place != inStore {
		return j.read(func(*pebble.DB) error { return j.places.write(place, kind, number, seq) })
	}
	j.mu.Lock()
	if err := j.usable(); err != nil {
		j.mu.Unlock()
		return err
	}
	g := j.group()
	g.set(numberKey(kind, number), encodeNumbers(seq))
	j.mu.Unlock()
	return j.await(ctx, g)
}

// unbegin removes a begin that is noted at a place, or nowhere. The place is free when the group is written, which has to remove what the place
// names.
func (g *group) unbegin(kind byte, number uint64, place int) {
	switch place {
	case nowhere:
	case inStore:
		g.drop(numberKey(kind, number))
	default:
		g.free = append(g.free, place)
	}
}
