package config

import (
	"fmt"
	"time"
)

// leastLoop is the shortest interval. Original servers were set to 0 or little more for quick replies, which do not wait for the
// loop here; each call is a request to php-fpm.
const leastLoop = 10 * time.Millisecond

// Loop is about ws_server_loop.
type Loop struct {
	Interval Duration `toml:"interval"`
}

func (c *checker) loop(l *Loop) {
	c.require(l.Interval <= 0 || l.Interval.Std() >= leastLoop, "loop.interval", l.Interval, fmt.Sprintf("want %v or more", leastLoop))
}
