package faults

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// slowly answers after the time in which handlers trust what they were told at the start.
const slowly = `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { usleep(20000); $connection["said"]=$msg; send_text($client_key,$msg); }`

// A cleaner of temporary files, or a person, removes the run-time folder or a part of it.
func TestRunDirIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fpm    bool // an existing php-fpm
		remove string
	}{
		"all":                         {false, "."},
		"the entry script":            {false, "wsbridge.php"},
		"the presence file":           {false, "presence"},
		"the settings' copy":          {false, "settings-*.php"},
		"php-fpm's socket":            {false, "1/php-fpm.sock"},
		"all, with another's php-fpm": {true, "."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := harness.PublicDir(t)
			toml := ""
			if row.fpm {
				toml = harness.StartFPMForResidents(t, 4, 6, "30s").Config()
			}
			s := harness.Serve(t, harness.App{TOML: "php.run_dir = \"" + parent + "\"\n" + toml, Handlers: slowly})
			first := s.Connect()
			if got := first.Ask("before"); got != "before" {
				t.Errorf("got %s", got)
			}
			s.AwaitCode(first, "[]") // then there is a copy of the settings
			folders, _ := filepath.Glob(filepath.Join(parent, "wsbridge-*"))
			if len(folders) != 1 {
				t.Fatalf("got %q", folders)
			}
			removed, _ := filepath.Glob(filepath.Join(folders[0], row.remove))
			if len(removed) != 1 || os.RemoveAll(removed[0]) != nil {
				t.Fatalf("cannot remove %q", removed)
			}
			s.Log.Wait("somebody has removed files")
			s.Log.Wait("the run-time folder is whole again")
			second := s.Connect()
			for _, c := range []*harness.Client{first, second} {
				if got := c.Ask("after"); got != "after" {
					t.Errorf("got %s", got)
				}
			}
			if got := second.Ask("and later"); got != "and later" {
				t.Errorf("got %s", got)
			}
			if status, text := s.Get("/readyz"); status != 200 {
				t.Errorf("got %d %s", status, text)
			}
			if n := s.Log.Count("somebody has removed files"); n != 1 {
				t.Errorf("made anew %d times", n)
			}
			s.Stop(first, second)
			if left, _ := filepath.Glob(filepath.Join(parent, "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestControlSocketIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	for range 2 {
		before, err := os.Lstat(s.Path("control.sock"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Remove("control.sock"); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, "the socket is back", func() bool {
			info, err := os.Lstat(s.Path("control.sock"))
			return err == nil && info.Mode() == before.Mode() && harness.Listening("unix", s.Path("control.sock"))
		})
		s.Metrics()
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if _, err := os.Lstat(s.Path("control.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}
