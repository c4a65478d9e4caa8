package phphandlers

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestUnpackLetsEverybodyReadWhatTheFolderLetsThemReach(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "php")
	for range 2 { // the second time over existing files
		if err := Unpack(dir); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if want := map[bool]os.FileMode{true: 0o755, false: 0o644}[entry.IsDir()]; err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
		count++
		return nil
	})
	if err != nil || count < 20 {
		t.Errorf("%d files, %v", count, err)
	}
	for _, name := range []string{Entry, DemoEvents, "ws_app.php"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestUnpackKeepsTheFoldersMode(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o710); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o710 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestUnpackReportsWhatItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(file); err == nil || !strings.HasPrefix(err.Error(), "unpack php half: ") {
		t.Errorf("got %v", err)
	}
}

func TestUnpackJoinsTheClassesOfEveryEvent(t *testing.T) {
	dir := t.TempDir()
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	const count = `require $argv[1]."/src/load.php";
$ours=array_filter(get_declared_classes(),function ($name) { return strncmp($name,"Wsbridge",8)===0; });
echo count(get_included_files())," ",count($ours)," ",class_exists("Wsbridge\\Application",false) ? "whole" : "cut";`
	load, err := os.ReadFile(loadFile)
	if err != nil {
		t.Fatal(err)
	}
	classes := strings.Count(string(load), "\nrequire ")
	if got, want := runPHP(t, "-r", count, dir), fmt.Sprintf("1 %d whole", classes); got != want || classes < 15 {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := runPHP(t, "-r", count, "."), fmt.Sprintf("%d %d whole", classes+1, classes); got != want {
		t.Errorf("not unpacked: got %q, want %q", got, want)
	}
}
