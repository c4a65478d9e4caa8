package fastcgi

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// pageSize is the unit in which the file's memory is given back.
	pageSize = 4096
	// clientsPerByte: each has two bits.
	clientsPerByte = 4
)

// Presence is the file that tells handlers which clients are there, see the option presence in package protocol. Client keys only
// grow, so pages of clients that have all left are given back to the file system, and the file stays small however high the keys
// are.
//
// Set may be called concurrently.
type Presence struct {
	file *os.File

	mu    sync.Mutex      // guards the fields below
	pages map[int64]*page // those with a client on them, and the last
	last  int64           // the number of the last page, which new clients come to
	stale bool            // a write has failed, so the file differs from pages
	told  bool            // the caller has been told so, and not yet that it is over
}

type page struct {
	bytes   [pageSize]byte
	clients int // those with a bit set
}

// CreatePresence creates the file, or empties it. Everybody may read it; the folder decides who can reach it. The caller closes
// the Presence, which leaves the file.
func CreatePresence(path string) (*Presence, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create presence file: %w", err)
	}
	if err := f.Chmod(0o644); err != nil { // php-fpm runs as another user, and the umask may be narrower
		f.Close()
		return nil, fmt.Errorf("create presence file: %w", err)
	}
	return &Presence{file: f, pages: map[int64]*page{}}, nil
}

// IsThere reports whether the file is still at its path.
func (p *Presence) IsThere() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	there, err := os.Lstat(p.file.Name())
	if err != nil {
		return false
	}
	here, err := p.file.Stat()
	return err == nil && os.SameFile(there, here)
}

// Restore makes the file anew at its path. Who has the one before open does not see later changes.
func (p *Presence) Restore() error {
	fresh, err := CreatePresence(p.file.Name())
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.file.Close()
	p.file, p.stale = fresh.file, true
	if err := p.write(slices.Collect(maps.Keys(p.pages))); err != nil {
		return err
	}
	p.stale = false
	return nil
}

// Close closes the file.
func (p *Presence) Close() error { return p.file.Close() }

// Set notes whether client can be sent messages, and whether its row is in state OPEN. It writes a page of a file, which blocks as
// little as the file system does. After a failure, which it returns, each further call, and each of Mend, writes again all that the file
// should hold, until that succeeds; until then it returns no error.
func (p *Presence) Set(client int64, connected, open bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := client / clientsPerByte
	number := at / pageSize
	if p.pages[number] == nil {
		p.pages[number] = &page{}
	}
	p.pages[number].set(int(at%pageSize), int(client%clientsPerByte), connected, open)
	changed := []int64{number}
	if number > p.last {
		changed, p.last = append(changed, p.last), number
	}
	wasStale := p.stale
	if wasStale {
		changed = slices.Collect(maps.Keys(p.pages))
	}
	err := p.write(changed)
	if p.stale = err != nil; wasStale || !p.stale {
		return nil
	}
	p.told = true
	return err
}

// Mend writes again what the file should hold, after a failure of Set. It reports true once the file is whole again. Without it that would
// have to wait for the next client that comes or goes, while handlers hear of living clients that they have left.
func (p *Presence) Mend() (isOver bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale {
		p.stale = p.write(slices.Collect(maps.Keys(p.pages))) != nil
	}
	if p.stale || !p.told {
		return false
	}
	p.told = false
	return true
}

// write writes these pages. It gives back those that no client is on: none comes to a page before the last any more.
func (p *Presence) write(numbers []int64) error {
	for _, number := range numbers {
		g, at := p.pages[number], number*pageSize
		if g == nil {
			continue
		}
		if _, err := p.file.WriteAt(g.bytes[:], at); err != nil {
			return fmt.Errorf("write presence file: %w", err)
		}
		if g.clients > 0 || number == p.last {
			continue
		}
		err := unix.Fallocate(int(p.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, pageSize)
		if err != nil && err != unix.EOPNOTSUPP { // without support the page stays, all zeros
			return fmt.Errorf("shrink presence file: %w", err)
		}
		delete(p.pages, number)
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
		g.clients++
	case before != 0 && bits == 0:
		g.clients--
	}
}
