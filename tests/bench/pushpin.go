package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// gripEcho answers Pushpin's WebSocket-over-HTTP requests. Pushpin sends what an answer repeats to the client.
const gripEcho = `<?php
header('Content-Type: application/websocket-events');
$events = file_get_contents('php://input');
if (strncmp($events, 'DISCONNECT', 10) !== 0) {
    echo $events;
}
`

// pushpinConfig keeps all files in one folder, also those of the HTTP client zurl, which is a separate service in Debian.
const pushpinConfig = `[global]
include={libdir}/internal.conf
rundir=%[1]s
ipc_prefix=p-

[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=%[2]s
logdir=%[1]s
log_level=2
client_maxconn=10000
condure_bin=condure
zurl_bin=zurl

[proxy]
routesfile=routes
updates_check=off
zurl_out_specs=ipc://%[1]s/p-zurl-in
zurl_out_stream_specs=ipc://%[1]s/p-zurl-in-stream
zurl_in_specs=ipc://%[1]s/p-zurl-out

[handler]
push_in_spec=ipc://%[1]s/p-push
push_in_sub_specs=ipc://%[1]s/p-sub
push_in_http_addr=127.0.0.1
push_in_http_port=%[3]s
stats_spec=ipc://%[1]s/p-stats
command_spec=ipc://%[1]s/p-command
`

// startPushpin runs Pushpin in front of an nginx.
func startPushpin(_ options, p *php) (*program, error) {
	nginx, err := startNginx(p, gripEcho)
	if err != nil {
		return nil, err
	}
	c, err := startPushpinAt(nginx.address)
	if err != nil {
		return nil, errors.Join(err, nginx.stop())
	}
	r := c.echoes()
	r.server = func() []int { return append(c.tree(), nginx.tree()...) }
	r.counted, r.php = r.server, p.processes
	r.stop = func() error { return errors.Join(c.stop(), nginx.stop()) }
	return r, nil
}

func startPushpinAt(backend string) (*child, error) {
	publish, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(publish)
	c, err := newChild(func(c *child) map[string]string {
		return map[string]string{
			"pushpin.conf": fmt.Sprintf(pushpinConfig, c.dir, c.address, port),
			"routes":       "* " + backend + ",over_http\n",
		}
	})
	if err != nil {
		return nil, err
	}
	return c, c.start(c.answers, "pushpin", "--config", c.path("pushpin.conf"))
}

// answers tries one echo. Pushpin's parts find each other some time after they accept connections, and a request before that is lost.
func (c *child) answers() error {
	const timeout = time.Second
	d := websocket.Dialer{HandshakeTimeout: timeout}
	conn, _, err := d.Dial("ws://"+c.address+"/", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	return errors.Join(conn.SetReadDeadline(time.Now().Add(timeout)), plain(conn).echo())
}
