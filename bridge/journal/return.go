package journal

import "github.com/cockroachdb/pebble/v2"

// Return takes Begin back: the event of a document was not sent to PHP after all, and the document waits again. It does not wait for the disk.
func (j *Journal) Return(id uint64) {
	size, err := j.size(id)
	j.mu.Lock()
	place, begun := j.begun[id]
	if !begun || err != nil || j.usable() != nil {
		j.mu.Unlock()
		return
	}
	delete(j.begun, id)
	delete(j.taken, id)
	j.waiting++
	j.bytes += size + DocumentOverhead
	j.first.Store(min(j.first.Load(), id-1))
	j.takeBack(kindBegun, id, place)
}

// ReturnClose takes BeginClose back. It does not wait for the disk.
func (j *Journal) ReturnClose(key int64) {
	j.mu.Lock()
	place, owed := j.owed[key]
	if !owed || place == nowhere || j.usable() != nil {
		j.mu.Unlock()
		return
	}
	j.owed[key] = nowhere
	j.takeBack(kindClosing, uint64(key), place)
}

// takeBack removes a begin that is noted at a place, where nothing else is noted before it is empty. It is called with mu held, and unlocks it.
func (j *Journal) takeBack(kind byte, number uint64, place int) {
	if place == inStore {
		j.group().drop(numberKey(kind, number))
		j.mu.Unlock()
		return
	}
	j.mu.Unlock()
	if j.read(func(*pebble.DB) error { return j.places.erase(place) }) == nil {
		j.places.give(place)
	}
}
