package journal

// Return takes Begin back: the event of a document was not sent to PHP after all, and the document waits again. It does not wait for the write.
func (j *Journal) Return(id uint64) {
	size, err := j.size(id)
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, begun := j.begun[id]; !begun || err != nil || j.usable() != nil {
		return
	}
	delete(j.begun, id)
	delete(j.taken, id)
	j.waiting++
	j.bytes += size + DocumentOverhead
	j.first.Store(min(j.first.Load(), id-1))
	j.group().drop(numberKey(kindBegun, id))
}

// ReturnClose takes BeginClose back. It does not wait for the write.
func (j *Journal) ReturnClose(key int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, owed := j.owed[key]; owed && j.usable() == nil {
		j.group().drop(numberKey(kindClosing, uint64(key)))
	}
}
