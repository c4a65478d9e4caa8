package pages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const docs = "../../docs"

// followed is what the pages' commands work on: connections with a login and a room, and a pipe whose documents go to
// everybody.
const followed = `
function ws_server_open(&$connections,&$connection,$client_key)
{
	$connection["login"]="anna".$client_key;
	$connection["room"]="lobby";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"you said: ".$msg);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$document)
{
	foreach ($connections as $client_key=>$row) { send_text($client_key,$document); }
	return True;
}`

// tried are the pages whose commands run here, in the application's folder. The others' have tests of their own.
var tried = map[string]func(*harness.Server){
	"check.md":           func(*harness.Server) {},
	"clients.md":         serveFollowed,
	"control.md":         serveFollowed,
	"metrics.md":         serveFollowed,
	"moving.md":          func(s *harness.Server) { _ = s.Remove("wsbridge.toml") }, // it makes that, and starts the server
	"operating.md":       serveFollowed,
	"php-versions.md":    func(*harness.Server) {},
	"resident.md":        serveFollowed,
	"troubleshooting.md": serveFollowed,
	"tuning.md":          serveFollowed,
}

// elsewhere says where the commands of the other pages run.
var elsewhere = map[string]string{"install.md": "TestNewUserFollowsThePage"}

func TestCommandsOfThePagesRun(t *testing.T) {
	for name, begin := range tried {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Prepare(t, harness.App{Handlers: followed, TOML: "[php]\nworkers = 2\n"})
			begin(s)
			s.Write("picture.png", "\x89PNG")
			follow(s, commandsOf(t, filepath.Join(docs, name)))
		})
	}
}

// serveFollowed runs the server with twelve clients, of which the last talks all the time.
func serveFollowed(s *harness.Server) {
	s.T.Helper()
	s.Run(harness.App{TOML: "yes"})
	for range 11 {
		go swallow(s.Connect().Conn)
	}
	last := s.Connect()
	go swallow(last.Conn)
	go talk(last.Conn)
}

// swallow reads until the connection ends, which is with the test.
func swallow(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

// talk sends until the connection ends.
func talk(conn *websocket.Conn) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if conn.WriteMessage(websocket.TextMessage, []byte("hello")) != nil {
			return
		}
	}
}

// follow runs the blocks in one shell; the first command that fails fails the test.
func follow(s *harness.Server, blocks []commands) {
	s.T.Helper()
	var script strings.Builder
	for _, b := range blocks {
		fmt.Fprintf(&script, ": '== %s'\n%s", strings.ReplaceAll(b.heading, "'", "’"), b.text)
	}
	output, err := os.Create(s.Path("output"))
	if err != nil {
		s.T.Fatal(err)
	}
	defer output.Close()
	here := strings.ReplaceAll(script.String(), "/run/wsbridge/control.sock", s.Path("control.sock"))
	sh := exec.CommandContext(s.T.Context(), "sh", "-eux", "-c", here)
	sh.Dir, sh.Stdout, sh.Stderr = s.Dir, output, output
	sh.Env = append(os.Environ(), "PATH="+filepath.Dir(harness.Program())+":"+os.Getenv("PATH"),
		"RUNTIME_DIRECTORY="+s.Dir)
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts ends with it
	if err := sh.Start(); err != nil {
		s.T.Fatal(err)
	}
	limit := time.AfterFunc(4*harness.Patience, func() { _ = syscall.Kill(-sh.Process.Pid, syscall.SIGKILL) })
	defer limit.Stop()
	err = sh.Wait()
	_ = syscall.Kill(-sh.Process.Pid, syscall.SIGTERM)
	if err != nil {
		s.T.Errorf("%v\n%s", err, s.Read("output"))
	}
}

func TestEveryPageIsTriedAndListed(t *testing.T) {
	index := readFile(t, filepath.Join(docs, "README.md"))
	for _, name := range pageNames(t) {
		_, isTried := tried[name]
		_, isElsewhere := elsewhere[name]
		n := len(commandsOf(t, filepath.Join(docs, name)))
		if n > 0 && !isTried && !isElsewhere {
			t.Errorf("no test runs the %d blocks of commands in %s", n, name)
		}
		if fences := strings.Count(readFile(t, filepath.Join(docs, name)), "```sh"); fences != n {
			t.Errorf("%s: %d blocks of commands begin, and %d are found: is one indented?", name, fences, n)
		}
		if listed := strings.Count(index, "]("+name+")"); name != "README.md" && listed != 1 {
			t.Errorf("docs/README.md lists %s %d times", name, listed)
		}
	}
	for name := range tried {
		if !slices.Contains(pageNames(t), name) {
			t.Errorf("there is no %s", name)
		}
	}
}

func pageNames(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(docs, "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %d pages, %v", len(paths), err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	paths := []string{"../../README.md"}
	for _, name := range pageNames(t) {
		paths = append(paths, filepath.Join(docs, name))
	}
	for _, path := range paths {
		for _, target := range linksOf(t, path) {
			file, anchor, _ := strings.Cut(target, "#")
			if file = filepath.Join(filepath.Dir(path), file); strings.HasPrefix(target, "#") {
				file = path
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s leads to %s: %v", path, target, err)
			} else if anchor != "" && !slices.Contains(anchorsOf(t, file), anchor) {
				t.Errorf("%s leads to %s, and that has no such heading", path, target)
			}
		}
	}
}

// linksOf returns a page's links within the project.
func linksOf(t *testing.T, path string) (targets []string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(readFile(t, path), -1) {
		if !strings.Contains(m[1], "://") {
			targets = append(targets, m[1])
		}
	}
	return targets
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)

// anchorsOf returns what links to a page's headings end with: their text as GitHub writes it.
func anchorsOf(t *testing.T, path string) (anchors []string) {
	t.Helper()
	for line := range strings.Lines(readFile(t, path)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			plain := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			anchors = append(anchors, strings.ReplaceAll(plain, " ", "-"))
		}
	}
	return anchors
}
