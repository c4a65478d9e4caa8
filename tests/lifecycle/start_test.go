package lifecycle

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What ws_server_initialize and ws_server_finalize do, such as "everybody is offline", would be wrong while another server lives.
func TestStartThatFailsRunsNoHandler(t *testing.T) {
	t.Parallel()
	first := harness.Serve(t, harness.App{TOML: harness.InitializeOnce, Handlers: harness.Diary})
	c := first.ConnectAs("login=anna")
	c.Want("welcome")
	_, port, _ := strings.Cut(first.Address, ":")
	for name, row := range map[string]struct {
		app   harness.App
		env   string
		error []string
	}{
		"port":                   {harness.App{Settings: "WEBSOCKET_LISTENING_PORT=" + port + "\n"}, "", []string{first.Address, "address already in use"}},
		"pipe":                   {harness.App{Settings: "WEBSOCKET_XHR_PIPE_FILE=" + first.Path(harness.Pipe) + "\n"}, "", []string{first.Path(harness.Pipe), "in use by another server"}},
		"control socket":         {harness.App{TOML: "control.listen = \"" + first.ControlSocket() + "\"\n"}, "", []string{first.Path("control.sock"), fmt.Sprint("process ", first.PID()), first.Path("wsbridge.toml")}},
		"default control socket": {harness.App{}, "RUNTIME_DIRECTORY=" + first.Dir, []string{first.Path("control.sock"), fmt.Sprint("process ", first.PID()), "control.listen"}},
	} {
		t.Run(name, func(t *testing.T) {
			row.app.Handlers = harness.Diary
			second := harness.Prepare(t, row.app)
			cmd := exec.Command(harness.Program(), second.Arguments(row.app)...)
			if row.env != "" {
				cmd.Env = []string{row.env}
			}
			second.Launch(cmd)
			if status := second.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			second.WantError(row.error...)
			if got := second.ReadIfThere("diary"); got != "" {
				t.Errorf("handlers ran:\n%s", got)
			}
			if _, err := os.Lstat(second.Path(harness.Pipe)); !os.IsNotExist(err) {
				t.Errorf("its pipe is still there: %v", err)
			}
		})
	}
	first.WritePipe("document")
	harness.Eventually(t, "the first server reads its pipe", func() bool { return strings.Contains(first.Read("diary"), "fifo document 1\n") })
	c.Send("x")
	c.Want("got x")
	harness.Eventually(t, "its control socket answers", func() bool { return strings.Contains(first.Metrics(), "wsbridge_pipe_documents_total 1") })
}

// Clients that come while the application starts wait, as they do at a service manager's socket.
func TestClientsWaitUntilTheApplicationIsReady(t *testing.T) {
	t.Parallel()
	port := harness.FreePort(t)
	a := harness.App{Settings: fmt.Sprintf("WEBSOCKET_LISTENING_PORT=%d\n", port), TOML: harness.InitializeOnce, Handlers: `
function ws_server_initialize() { touch(__DIR__."/begun"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } touch(__DIR__."/ready"); }
function ws_server_open(&$connections,&$connection,$client_key) { send_text($client_key,file_exists(__DIR__."/ready")?"ready":"early"); }`}
	s := harness.Prepare(t, a)
	s.Start(s.Arguments(a)...)
	harness.Eventually(t, "ws_server_initialize runs", func() bool { _, err := os.Stat(s.Path("begun")); return err == nil })
	answer := make(chan string)
	go func() {
		defer close(answer)
		header := map[string][]string{"Cookie": {"a=b"}, "User-Agent": {"test"}}
		c, _, err := websocket.DefaultDialer.Dial(fmt.Sprintf("ws://127.0.0.1:%d/", port), header)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer c.Close()
		_, text, _ := c.ReadMessage()
		answer <- string(text)
	}()
	s.WritePipe("early") // waits, too
	s.Write("go", "")
	s.AwaitListening()
	if got := <-answer; got != "ready" {
		t.Errorf("got %s", got)
	}
}
