package main

import "net"

// lineEcho is the PHP script that websocketd runs for each client.
const lineEcho = `<?php
while (($line = fgets(STDIN)) !== false) {
    echo $line;
}
`

func startWebsocketd(_ options, _ *php) (*program, error) {
	c, err := newChild(func(*child) map[string]string { return map[string]string{"echo.php": lineEcho} })
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(c.address)
	err = c.start(c.accepts, "websocketd", "--address="+host, "--port="+port, "--loglevel=error", "php", c.path("echo.php"))
	if err != nil {
		return nil, err
	}
	r := c.echoes()
	r.server = func() []int { return []int{c.cmd.Process.Pid} }
	r.php = func() []int { return children(c.cmd.Process.Pid) }
	r.counted, r.idle = c.tree, idleWithProcesses
	return r, nil
}
