package journal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// powerCut ends the filesystem of the journal as a power cut does, which takes what was not synced, and then the program.
func powerCut(t *testing.T) cells {
	disk := mountDisk(t)
	a := app("rows = true\nsync = \"100ms\"\n")
	a.TOML = strings.Replace(a.TOML, `dir = "journal"`, fmt.Sprintf("dir = %q", filepath.Join(disk.path, "journal")), 1)
	s, c := prepared(t, a)
	time.Sleep(500 * time.Millisecond) // several times journal.sync
	disk.cut()
	s.Kill()
	disk.mount()
	start(s, a)
	return afterCrash(s, c)
}

// disk is an ext4 filesystem of its own in a file.
type disk struct {
	t           *testing.T
	image, path string
}

// mountDisk skips the test where there is no such filesystem to be had. The test's end unmounts it.
func mountDisk(t *testing.T) *disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a filesystem")
	}
	dir := harness.PublicDir(t)
	d := &disk{t, filepath.Join(dir, "image"), filepath.Join(dir, "disk")}
	if err := os.Mkdir(d.path, 0o755); err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, size); err != nil {
		t.Fatal(err)
	}
	d.command("mkfs.ext4", "-q", d.image)
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.path).CombinedOutput(); err != nil {
		t.Skipf("no loop device can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { d.command("umount", d.path) })
	return d
}

func (d *disk) command(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v %s", name, err, out)
	}
}

// cut ends the filesystem without writing anything more, not even its own journal (EXT4_IOC_SHUTDOWN with NOLOGFLUSH).
func (d *disk) cut() {
	d.t.Helper()
	const shutdown, noLogFlush = 0x8004587d, uint32(2)
	dir, err := os.Open(d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer dir.Close()
	flags := noLogFlush
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		d.t.Fatalf("shut the filesystem down: %v", errno)
	}
}

// mount mounts the filesystem again, which the program must not use any more.
func (d *disk) mount() {
	d.t.Helper()
	d.command("umount", d.path)
	d.command("mount", "-o", "loop", d.image, d.path)
}
