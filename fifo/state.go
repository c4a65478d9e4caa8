package fifo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrState is why Restore refuses a state: it does not fit the files that come with it.
var ErrState = errors.New("fifo: the pipe's state does not fit its files")

// pipeState is a held pipe, as JSON. The files are those of the streams, in their order: what is read, then the writing end of the current pipe,
// then the descriptor of inotify(7) if there is one.
type pipeState struct {
	Path    string
	Streams []streamState
}

// streamState is a stream, and what its source knows.
type streamState struct {
	Pipe    bool // else a file that was found
	Current bool
	Plain   bool // the file is no pipe
	Any     bool // fileSource's
	Counted bool // there is inotify
	Tally   tallyState
	Intake  *intakeState
	Pending [][]byte
}

type tallyState struct {
	Opened, Wrote, Fresh, Early, Owed int
	Last                              uint32
	Lost                              bool
}

type intakeState struct {
	Text  []byte
	AtEnd bool

	State          uint8
	Place          uint8
	Key            bool
	Word           string
	Stack          []byte
	Buf            []byte
	TooLong, Found bool
	Before         byte
	Reason         Reason
	Skipped        int64
}

// State returns a held pipe for Restore in another process, with the files that it needs. They stay the pipe's. After the other process
// has them, only one of both may go on: this one by Resume, the other one by Run. The one that does not calls Leave.
func (p *Pipe) State() (data []byte, files []syscall.Conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil || p.reading != nil || p.closing.Err() != nil {
		return nil, nil, errors.New("fifo: pipe is not held")
	}
	s := pipeState{Path: p.config.Path}
	for _, stream := range p.allStreams() {
		s.Streams = append(s.Streams, stateOf(stream, p.current))
		files = append(files, stream.files(p.current)...)
	}
	data, err = json.Marshal(s)
	return data, files, err
}

func stateOf(s *stream, current *pipeFile) streamState {
	o := streamState{Pipe: s.pipe != nil, Current: s.pipe == current, Pending: s.pending}
	if source, isPlain := s.source.(*fileSource); isPlain {
		o.Plain, o.Any = true, source.any
	}
	if s.pipe != nil && s.pipe.count.fd != unknown {
		t := &s.pipe.count.writerTally
		o.Counted, o.Tally = true, tallyState{t.opened, t.wrote, t.fresh, t.early, t.owed, t.last, t.lost}
	}
	if in := s.intake; in != nil {
		sp := in.splitter
		o.Intake = &intakeState{in.text, in.atEnd, uint8(sp.state), uint8(sp.json.place), sp.json.key, sp.json.word, sp.json.stack, sp.buf, sp.tooLong,
			sp.found, sp.before, sp.reason, sp.skipped}
	}
	return o
}

// files returns those that a successor needs.
func (s *stream) files(current *pipeFile) (files []syscall.Conn) {
	if s.pipe == nil {
		return []syscall.Conn{s.file}
	}
	files = append(files, s.pipe.reading)
	if s.pipe == current {
		files = append(files, s.pipe.writing)
	}
	if s.pipe.count.fd != unknown {
		files = append(files, descriptor(s.pipe.count.fd))
	}
	return files
}

// Restore returns the pipe that State has returned in another process, held until Resume. It checks that files are what the state says, and
// closes them if it fails. c must have the same path. The caller calls Leave if the pipe goes on in the other process, which it does not
// disturb.
func Restore(c Config, data []byte, files []*os.File) (*Pipe, error) {
	rest := files
	p, err := restore(c, data, &rest)
	if err == nil && len(rest) > 0 {
		err = errors.Join(fmt.Errorf("%w: there are %d more", ErrState, len(rest)), p.Leave())
	}
	if err != nil {
		for _, f := range files {
			f.Close()
		}
		return nil, fmt.Errorf("take over pipe %q: %w", c.Path, err)
	}
	return p, nil
}

func restore(c Config, data []byte, files *[]*os.File) (*Pipe, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	var s pipeState
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if s.Path != c.Path {
		return nil, fmt.Errorf("it is %q in the other process: a restart changes it", s.Path)
	}
	p := newPipe(c, nil)
	p.held = &pause{over: make(chan struct{})}
	for _, o := range s.Streams {
		stream, err := o.restore(&c, files)
		if err != nil {
			p.closeCounts()
			return nil, err
		}
		if p.streams = append(p.streams, stream); o.Current {
			p.current = stream.pipe
		}
	}
	if p.current == nil {
		p.closeCounts()
		return nil, fmt.Errorf("%w: there is no current pipe", ErrState)
	}
	return p, nil
}

// closeCounts is for a pipe that cannot be restored. Its files are the caller's.
func (p *Pipe) closeCounts() {
	for _, s := range p.streams {
		if s.pipe != nil {
			s.pipe.count.close()
		}
	}
}

// restore takes its files.
func (o *streamState) restore(c *Config, files *[]*os.File) (*stream, error) {
	want := os.ModeNamedPipe
	if o.Plain {
		want = 0
	}
	file, err := next(files, want)
	if err == nil {
		err = o.Intake.check()
	}
	if err != nil {
		return nil, err
	}
	s := &stream{file: file, source: pipeSource{file: file}, pending: o.Pending, intake: o.Intake.restore()}
	switch {
	case o.Plain:
		s.source = &fileSource{file: file, patience: c.Stall, any: o.Any}
	case o.Pipe:
		if s.pipe, err = o.restorePipe(file, files); err != nil {
			return nil, err
		}
		s.file, s.source = nil, s.pipe.source
	}
	return s, nil
}

func (o *streamState) restorePipe(reading *os.File, files *[]*os.File) (*pipeFile, error) {
	f := &pipeFile{reading: reading, count: &writerCount{fd: unknown}}
	info, err := reading.Stat()
	if err != nil {
		return nil, err
	}
	f.perm = info.Mode().Perm()
	if o.Current {
		if f.writing, err = next(files, os.ModeNamedPipe); err != nil {
			return nil, err
		}
		if err := lock(f.writing); err != nil { // it has it already, unless another process is the pipe's server
			return nil, err
		}
	}
	if o.Counted {
		t := o.Tally
		f.count.writerTally = writerTally{t.Opened, t.Wrote, t.Fresh, t.Early, t.Owed, t.Last, t.Lost}
		if f.count.fd, err = nextDescriptor(files); err != nil {
			return nil, err
		}
	}
	f.source = pipeSource{reading, f.count}
	return f, nil
}

func (o *intakeState) restore() *intake {
	if o == nil {
		return nil
	}
	return &intake{text: o.Text, atEnd: o.AtEnd, splitter: &splitter{state: state(o.State),
		json: scanner{place(o.Place), o.Key, o.Word, o.Stack}, buf: o.Buf, tooLong: o.TooLong, found: o.Found, before: o.Before,
		reason: o.Reason, skipped: o.Skipped}}
}

// check returns what a reader could not go on with.
func (o *intakeState) check() error {
	if o == nil {
		return nil
	}
	isInJSON := state(o.State) == inJSON
	if state(o.State) > doubtful || place(o.Place) > afterSign || isInJSON && len(o.Stack) == 0 || isInJSON && place(o.Place) == inWord && o.Word == "" {
		return fmt.Errorf("%w: state %d, place %d", ErrState, o.State, o.Place)
	}
	return nil
}

// next takes the next file, which has to be of that type.
func next(files *[]*os.File, want os.FileMode) (*os.File, error) {
	if len(*files) == 0 {
		return nil, fmt.Errorf("%w: some are missing", ErrState)
	}
	f := (*files)[0]
	*files = (*files)[1:]
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Type() != want {
		return nil, fmt.Errorf("%w: there is a %s", ErrState, kind(info.Mode()))
	}
	return f, nil
}

// nextDescriptor takes the next file as a descriptor of its own.
func nextDescriptor(files *[]*os.File) (fd int, err error) {
	if len(*files) == 0 {
		return unknown, fmt.Errorf("%w: some are missing", ErrState)
	}
	f := (*files)[0]
	*files = (*files)[1:]
	fd = unknown
	err = withDescriptor(f, func(own uintptr) (err error) {
		fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
		return os.NewSyscallError("fcntl", err)
	})
	return fd, errors.Join(err, f.Close())
}

// descriptor is one that stays open while it is handed over.
type descriptor int

// SyscallConn implements syscall.Conn.
func (d descriptor) SyscallConn() (syscall.RawConn, error) { return d, nil }

// Control implements syscall.RawConn.
func (d descriptor) Control(do func(fd uintptr)) error { do(uintptr(d)); return nil }

// Read implements syscall.RawConn; nobody waits for it.
func (d descriptor) Read(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// Write implements syscall.RawConn.
func (d descriptor) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }
