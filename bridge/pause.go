package bridge

// Pause keeps events from running until Resume or a shutdown. Events that run already go on. What clients send waits as far as there is
// room; pings are answered. Handshakes wait for at most QueueWait. Events of clients wait as long as the pause, and after it for up to
// QueueWait. The errors are ErrStarting and ErrStopping.
func (b *Bridge) Pause() error {
	leave, err := b.enterServing()
	if err != nil {
		return err
	}
	defer leave()
	if b.scheduler.Pause() {
		b.log.Warn("paused")
	}
	return nil
}

// Resume ends a pause, if there is one.
func (b *Bridge) Resume() {
	if b.scheduler.Resume() {
		b.log.Warn("resumed")
	}
}

// Paused reports whether there is a pause.
func (b *Bridge) Paused() bool { return b.scheduler.Paused() }
