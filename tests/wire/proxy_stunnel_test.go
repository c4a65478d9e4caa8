package wire

import (
	"fmt"
	"os/exec"
)

var stunnel = proxy{
	example: "stunnel/stunnel.conf",
	changes: func(host, port string, own int) map[string]string {
		return map[string]string{
			"connect = 127.0.0.1:50000":     "connect = " + host + ":" + port,
			"accept  = 443":                 fmt.Sprintf("accept = 127.0.0.1:%d", own),
			"/etc/stunnel/shop.example.pem": "cert.pem",
			"/etc/stunnel/shop.example.key": "key.pem",
		}
	},
	timeouts: map[string]string{"TIMEOUTidle    = 90": "TIMEOUTidle = 4"},
	command: func(dir string) *exec.Cmd {
		return program("stunnel4", dir+"/example.conf")
	},
	proxyProtocol: true,
	noHTTPS:       true,
}
