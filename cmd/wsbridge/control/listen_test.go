package control

import (
	"os"
	"path/filepath"
	"testing"
)

func TestControlListensForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := listen("unix:"+path, 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if _, err := listen("unix:"+path, 0o600, ""); err == nil {
		t.Error("the socket of a server that lives was replaced")
	}
	l.Close()
}

func TestControlReplacesASocketThatWasLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := listen("unix:"+path, 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	left := path + ".left"
	if err := os.Link(path, left); err != nil {
		t.Fatal(err)
	}
	l.Close() // which removes path, as a killed server does not
	if err := os.Rename(left, path); err != nil {
		t.Fatal(err)
	}
	again, err := listen("unix:"+path, 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestControlLeavesWhatIsNoSocketAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listen("unix:"+path, 0o600, ""); err == nil {
		t.Error("listens in the place of a file")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("got %q, %v", b, err)
	}
}
