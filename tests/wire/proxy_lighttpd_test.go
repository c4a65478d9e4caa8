package wire

import (
	"fmt"
	"os/exec"
)

var lighttpd = proxy{
	example: "lighttpd/wsbridge.conf",
	changes: func(host, port string, own int) map[string]string {
		return certified(map[string]string{
			`"host" => "127.0.0.1", "port" => 50000`: fmt.Sprintf(`"host" => %q, "port" => %s`, host, port),
			`":443"`:                                 fmt.Sprintf(`"127.0.0.1:%d"`, own),
		})
	},
	timeouts: map[string]string{"max-read-idle = 90": "max-read-idle = 4"},
	main: `server.document-root = "DIR"
server.bind = "DIR/unused"
include "example.conf"
`,
	command: func(dir string) *exec.Cmd {
		return program("lighttpd", "-D", "-f", dir+"/main.conf")
	},
}
