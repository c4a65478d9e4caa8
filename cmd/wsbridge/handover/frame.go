package handover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// kind is what a frame is.
type kind uint8

const (
	message         kind = iota + 1 // a name and a body, with files
	acknowledgement                 // of the message with its number
	refusal                         // the body is the reason
)

// magic begins each frame.
const magic = "wsho"

// headerSize is the size of a header: magic, kind, length of the name, number of files, number, length of the body. Numbers are big-endian.
const headerSize = len(magic) + 1 + 1 + 2 + 4 + 4

// header begins a frame. A name and a body of the lengths that it tells follow it.
type header struct {
	kind   kind
	name   uint8
	files  uint16
	number uint32
	length uint32
}

func (h header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = append(b, byte(h.kind), h.name)
	b = binary.BigEndian.AppendUint16(b, h.files)
	b = binary.BigEndian.AppendUint32(b, h.number)
	return binary.BigEndian.AppendUint32(b, h.length)
}

func decode(b []byte) (h header, err error) {
	h = header{kind(b[4]), b[5], binary.BigEndian.Uint16(b[6:]), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])}
	if string(b[:len(magic)]) != magic || h.kind < message || h.kind > refusal || h.files > MaxFiles || h.length > MaxBody {
		return h, fmt.Errorf("the other process sends something else than messages: %q", b)
	}
	return h, nil
}

// writeFrame writes the files with the header, in one piece, so that they come with its first byte. The name goes with it, so that a frame without a
// body is never cut, and another can follow if the write has failed.
func (c *Channel) writeFrame(k kind, number uint32, name string, body []byte, fds []int) error {
	h := header{k, uint8(len(name)), uint16(len(fds)), number, uint32(len(body))}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	// The kernel takes both in one piece or not at all: they are far smaller than the least it can take.
	if _, _, err := c.conn.WriteMsgUnix(append(h.encode(), name...), rights, nil); err != nil || len(body) == 0 {
		return err
	}
	_, err := c.conn.Write(body)
	return err
}

// frame is one that was read. The reader closes the files.
type frame struct {
	header
	name  string
	body  []byte
	files []*os.File
	short error // why there are fewer files than there should be; nil: there are all
}

func (c *Channel) readFrame() (f frame, err error) {
	defer func() {
		if err != nil {
			closeAll(f.files)
			f.files = nil
		}
	}()
	head, isCut, err := c.readHead(&f)
	if err != nil {
		return f, err
	}
	if f.header, err = decode(head); err != nil {
		return f, err
	}
	if isCut || len(f.files) != int(f.header.files) {
		f.short = fmt.Errorf("%w: %d of %d (the limit of open files may be reached: ulimit -n, LimitNOFILE=)", ErrFiles, len(f.files), f.header.files)
	}
	rest := make([]byte, int(f.header.name)+int(f.header.length))
	if _, err = io.ReadFull(c.conn, rest); err != nil {
		return f, err
	}
	f.name, f.body = string(rest[:f.header.name]), rest[f.header.name:]
	return f, nil
}

// readHead reads a header, and the files that come with it. isCut tells that the kernel could not give us all of them (MSG_CTRUNC), which is no
// error to it.
func (c *Channel) readHead(f *frame) (head []byte, isCut bool, err error) {
	head = make([]byte, headerSize)
	rights := make([]byte, unix.CmsgSpace(MaxFiles*4))
	for n := 0; n < headerSize; {
		read, control, flags, _, err := c.conn.ReadMsgUnix(head[n:], rights) // with MSG_CMSG_CLOEXEC
		if err != nil {
			return nil, false, err
		}
		if read == 0 {
			return nil, false, io.EOF
		}
		n += read
		isCut = isCut || flags&unix.MSG_CTRUNC != 0
		files, err := filesOf(rights[:control])
		f.files = append(f.files, files...)
		if err != nil {
			return nil, false, err
		}
	}
	return head, isCut, nil
}

// filesOf returns the files that came with what was read.
func filesOf(control []byte) (files []*os.File, err error) {
	if len(control) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // it is no message with files
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "handed over"))
		}
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// isClosed reports whether an error of the connection means that the other side has ended it.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
