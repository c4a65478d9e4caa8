package wire

import (
	"fmt"
	"os"
	"os/exec"
)

var hitch = proxy{
	example: "hitch/hitch.conf",
	changes: func(host, port string, own int) map[string]string {
		return map[string]string{
			`"[127.0.0.1]:50000"`:           fmt.Sprintf(`"[%s]:%s"`, host, port),
			`host = "*"`:                    `host = "127.0.0.1"`,
			`port = "443"`:                  fmt.Sprintf("port = %q", fmt.Sprint(own)),
			`"/etc/hitch/shop.example.pem"`: `"both.pem"`,
		}
	},
	command: func(dir string) *exec.Cmd {
		args := []string{"--config", dir + "/example.conf"}
		if os.Getuid() == 0 { // as Debian's unit does
			args = append([]string{"--user", "_hitch", "--group", "_hitch"}, args...)
		}
		return program("hitch", args...)
	},
	proxyProtocol: true,
}
