package serve

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/fifo"
)

// The warning comes only where no other user can write.
func TestAPipeThatOnlyRootCanWriteTo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	const daemon = 1 // a group of every Linux
	for name, test := range map[string]struct {
		mode        fs.FileMode
		folderGroup int
		setgid      bool
		owner       int
		warns       bool
	}{
		"the default":              {mode: 0o660, warns: true},
		"for its owner alone":      {mode: 0o600, folderGroup: daemon, setgid: true, warns: true},
		"for readers":              {mode: 0o644, folderGroup: daemon, setgid: true, warns: true},
		"a group that is not used": {mode: 0o660, folderGroup: daemon, warns: true},
		"another group":            {mode: 0o660, folderGroup: daemon, setgid: true},
		"everybody":                {mode: 0o666},
		"another owner":            {mode: 0o660, owner: daemon},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "pipe")
		var special fs.FileMode
		if test.setgid {
			special = fs.ModeSetgid
		}
		if err := os.Chown(dir, 0, test.folderGroup); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755|special); err != nil {
			t.Fatal(err)
		}
		pipe := must(fifo.Create(fifo.Config{Path: path, Mode: test.mode}))
		if err := os.Chown(path, test.owner, -1); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		warnRootPipe(slog.New(slog.NewTextHandler(&log, nil)), path)
		if err := pipe.Close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "only root can write to the pipe"); got != test.warns {
			t.Errorf("%s: warns %t: %s", name, got, log.String())
		}
	}
}

func TestAnACLMayLetOthersWriteToThePipe(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	path := filepath.Join(t.TempDir(), "pipe")
	pipe := must(fifo.Create(fifo.Config{Path: path}))
	defer pipe.Close()
	list := []byte{2, 0, 0, 0} // its version; then tag, rights and id of each entry
	const owner, user, group, mask, others, rw, none, noID, daemon = 1, 2, 4, 16, 32, 6, 0, 0xffffffff, 1
	for _, entry := range [][3]uint32{{owner, rw, noID}, {user, rw, daemon}, {group, rw, noID}, {mask, rw, noID}, {others, none, noID}} {
		list = binary.LittleEndian.AppendUint16(list, uint16(entry[0]))
		list = binary.LittleEndian.AppendUint16(list, uint16(entry[1]))
		list = binary.LittleEndian.AppendUint32(list, entry[2])
	}
	if err := syscall.Setxattr(path, "system.posix_acl_access", list, 0); err != nil {
		t.Skip("no access control lists here:", err)
	}
	var log bytes.Buffer
	if warnRootPipe(slog.New(slog.NewTextHandler(&log, nil)), path); log.Len() > 0 {
		t.Error(log.String())
	}
}

func TestAStartWarnsOfAPipeThatOnlyRootCanWriteTo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	r := run(t)
	r.stop()
	r.server.log.Close()
	text := string(must(os.ReadFile(filepath.Join(r.dir, "log"))))
	for _, want := range []string{"only root can write to the pipe", "chgrp GROUP " + r.dir, "pipe.mode", "0660", "0:0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if n := strings.Count(text, "only root can write to the pipe"); n != 1 {
		t.Errorf("%d lines", n)
	}
}
