package journal

// sequenceBlock is how many sequence numbers are recorded at once.
const sequenceBlock = 1 << 16

// Reserve says that the sequence number seq is in use: Left.Seq of the next process will not be below it after a crash. It does not wait, and
// almost always costs a comparison. Begin and BeginClose call it.
func (j *Journal) Reserve(seq uint64) {
	if seq+sequenceBlock/2 <= j.reserved.Load() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if seq+sequenceBlock/2 <= j.reserved.Load() || j.usable() != nil {
		return
	}
	j.reserved.Store(seq + sequenceBlock)
	j.later().set(markKeyOf(markSequence), encodeNumbers(seq+sequenceBlock))
}
