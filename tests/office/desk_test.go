package office

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// officeInEachMode runs a test of the office in every mode that must not change what it sees.
func officeInEachMode(t *testing.T, settings string, test func(t *testing.T, o office)) {
	t.Parallel()
	for _, mode := range harness.Modes() {
		t.Run(mode, func(t *testing.T) { test(t, openOffice(t, mode, settings)) })
	}
}

// office is a server that runs the application in testdata.
type office struct{ *harness.Server }

// openOffice adds settings to the office's own.
func openOffice(t *testing.T, mode, settings string) office {
	t.Helper()
	a := harness.App{TOML: fmt.Sprintf("[isolation]\nmode = %q\n", mode)}
	s := harness.Prepare(t, a)
	if err := os.Mkdir(s.Path("templates"), 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/*.*")
	more, err2 := filepath.Glob("testdata/templates/*")
	if err != nil || err2 != nil || len(names) < 6 {
		t.Fatalf("%q, %v, %v", names, err, err2)
	}
	for _, name := range append(names, more...) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(strings.TrimPrefix(name, "testdata/"), string(content))
	}
	s.Write("server_shared.conf", strings.ReplaceAll(s.Read("server_shared.conf"), "@FOLDER@", s.Dir)+settings)
	s.Run(a)
	return office{s}
}

func (o office) in(t *testing.T) office { return office{o.Server.In(t)} }

// knock connects a person whom the office lets in, and reads nothing.
func (o office) knock(name string) *harness.Client {
	o.T.Helper()
	secret := map[string]string{"anna": "apple", "bert": "banana", "carl": "cherry"}[name]
	c := o.ConnectAs("office_user=" + name + "; office_secret=" + secret)
	o.T.Cleanup(c.Leave) // the next subtest finds the office empty
	return c
}

// enter connects people, and reads all that was sent to them so far.
func (o office) enter(names ...string) (people []*harness.Client) {
	o.T.Helper()
	for _, name := range names {
		people = append(people, o.knock(name))
	}
	settle(people...)
	return people
}

// settle reads what was sent to clients so far.
func settle(people ...*harness.Client) {
	for _, c := range people {
		c.T.Helper()
		c.Send("echo|settled")
		for c.Receive() != "echo|settled" {
		}
	}
}

// presence is the list of people; a person's name may be followed by the documents that are locked.
func presence(people ...string) string {
	type person struct {
		Name  string   `json:"name"`
		Locks []string `json:"locks"`
	}
	list := []person{}
	for _, p := range people {
		words := strings.Fields(p)
		list = append(list, person{words[0], words[1:]})
	}
	text, _ := json.Marshal(list)
	return "presence|" + string(text)
}
