package wire

import (
	"fmt"
	"os/exec"
)

var haproxy = proxy{
	example: "haproxy/wsbridge.cfg",
	changes: func(host, port string, own int) map[string]string {
		return map[string]string{
			"server wsbridge 127.0.0.1:50000": "server wsbridge " + host + ":" + port,
			"bind :443":                       fmt.Sprintf("bind 127.0.0.1:%d", own),
			"/etc/haproxy/shop.example.pem":   "both.pem",
		}
	},
	timeouts: map[string]string{"timeout client       90s": "timeout client 4s", "timeout server  90s": "timeout server 4s", "timeout tunnel 90s": "timeout tunnel 4s"},
	main: `global
	log stderr format raw local0 notice
	maxconn 200
defaults
	log global
	timeout connect 5s
	timeout client 50s
	timeout server 50s
`,
	command: func(dir string) *exec.Cmd {
		return program("haproxy", "-db", "-f", dir+"/main.conf", "-f", dir+"/example.conf")
	},
}
