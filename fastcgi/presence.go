package fastcgi

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// pageSize is the unit in which the file's memory is given back.
	pageSize = 4096
	// clientsPerByte: two bits each.
	clientsPerByte = 4
)

// Presence is the file that tells handlers who is there, see WSBRIDGE_PRESENCE in package protocol. Keys only grow, so the
// pages of clients long gone are given back to the file system: the file stays small however high the keys are.
type Presence struct {
	file *os.File

	mu    sync.Mutex      // guards the fields below
	pages map[int64]*page // those with somebody on it, and the last
	last  int64
	err   error // the first failure to write
}

type page struct {
	bytes  [pageSize]byte
	people int // clients with a bit set
}

// CreatePresence makes the file, empty, which everybody may read: who reaches it is decided by its folder. The caller closes
// the Presence, which leaves the file.
func CreatePresence(path string) (*Presence, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create presence file: %w", err)
	}
	if err := f.Chmod(0o644); err != nil { // php-fpm runs as another user, and the umask may be narrow
		f.Close()
		return nil, fmt.Errorf("create presence file: %w", err)
	}
	return &Presence{file: f, pages: map[int64]*page{}}, nil
}

// Close closes the file.
func (p *Presence) Close() error { return p.file.Close() }

// Set notes whether client can be sent messages, and whether its row is in state OPEN. It writes a byte to a file that lies
// in memory in all but name. After the first error, which it returns, it does nothing more.
func (p *Presence) Set(client int64, connected, open bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = p.set(client, connected, open)
		return p.err
	}
	return nil
}

func (p *Presence) set(client int64, connected, open bool) error {
	at := client / clientsPerByte
	number := at / pageSize
	g := p.pages[number]
	if g == nil {
		g = &page{}
		p.pages[number] = g
	}
	g.set(int(at%pageSize), int(client%clientsPerByte), connected, open)
	if _, err := p.file.WriteAt(g.bytes[at%pageSize:at%pageSize+1], at); err != nil {
		return fmt.Errorf("write presence file: %w", err)
	}
	if number > p.last {
		number, p.last = p.last, number // nobody comes to the earlier one any more
	}
	return p.release(number)
}

// release gives a page back if nobody is on it and nobody comes to it any more.
func (p *Presence) release(number int64) error {
	g := p.pages[number]
	if g == nil || g.people > 0 || number == p.last {
		return nil
	}
	delete(p.pages, number)
	err := unix.Fallocate(int(p.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, number*pageSize, pageSize)
	if err != nil && err != unix.EOPNOTSUPP { // then the page stays, all zeros
		return fmt.Errorf("shrink presence file: %w", err)
	}
	return nil
}

func (g *page) set(at, slot int, connected, open bool) {
	bits := byte(0)
	if connected {
		bits = 1
	}
	if open {
		bits |= 2
	}
	shift := 2 * slot
	before := g.bytes[at] >> shift & 3
	g.bytes[at] ^= (before ^ bits) << shift
	switch {
	case before == 0 && bits != 0:
		g.people++
	case before != 0 && bits == 0:
		g.people--
	}
}
