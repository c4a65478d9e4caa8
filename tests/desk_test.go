package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// officeInEachMode runs a test of the office in every mode that must not change what it sees.
func officeInEachMode(t *testing.T, settings string, test func(t *testing.T, o office)) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) { test(t, openOffice(t, mode, settings)) })
	}
}

// office is a server that runs the application in testdata/office.
type office struct{ *server }

// openOffice adds settings to the office's own.
func openOffice(t *testing.T, mode, settings string) office {
	t.Helper()
	a := app{toml: fmt.Sprintf("[isolation]\nmode = %q\n", mode)}
	s := prepare(t, a)
	if err := os.Mkdir(s.path("templates"), 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/office/*.*")
	more, err2 := filepath.Glob("testdata/office/templates/*")
	if err != nil || err2 != nil || len(names) < 6 {
		t.Fatalf("%q, %v, %v", names, err, err2)
	}
	for _, name := range append(names, more...) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.write(strings.TrimPrefix(name, "testdata/office/"), string(content))
	}
	s.write("server_shared.conf", strings.ReplaceAll(s.read("server_shared.conf"), "@FOLDER@", s.dir)+settings)
	s.run(a)
	return office{s}
}

func (o office) in(t *testing.T) office { return office{o.server.in(t)} }

// knock connects somebody who is let in, and reads nothing.
func (o office) knock(name string) *client {
	o.t.Helper()
	secret := map[string]string{"anna": "apple", "bert": "banana", "carl": "cherry"}[name]
	c := o.connectAs("office_user=" + name + "; office_secret=" + secret)
	o.t.Cleanup(c.leave) // the next subtest finds the office empty
	return c
}

// enter lets people in; they have read all that came by then.
func (o office) enter(names ...string) (people []*client) {
	o.t.Helper()
	for _, name := range names {
		people = append(people, o.knock(name))
	}
	settle(people...)
	return people
}

// settle reads what was sent to clients so far.
func settle(people ...*client) {
	for _, c := range people {
		c.t.Helper()
		c.send("echo|settled")
		for c.receive() != "echo|settled" {
		}
	}
}

// all wants messages of each of some clients.
func all(people []*client, texts ...string) {
	for _, c := range people {
		c.t.Helper()
		for _, text := range texts {
			c.want(text)
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
