package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// rooms that counting.php puts its clients into.
const rooms = 50

// crowd is a wsbridge with many clients connected: some of them ask, the others are idle.
type crowd struct {
	*server
	clients    int
	asking     []*websocket.Conn // users with the first numbers
	idle       *heldClients
	connecting time.Duration // until all were
}

func startCrowd(o options, isolation string, clients int) (c *crowd, err error) {
	c = &crowd{clients: clients}
	if c.server, err = startServer(setup{binary: o.binary, source: counting, isolation: isolation, workers: workers}); err != nil {
		return nil, err
	}
	if err := c.connect(min(o.clients, clients)); err != nil {
		return nil, errors.Join(fmt.Errorf("%d clients: %w", clients, err), c.stop())
	}
	return c, nil
}

func (c *crowd) connect(asking int) (err error) {
	began := time.Now()
	if c.asking, err = dial(c.log.address, 0, asking, false); err != nil {
		return err
	}
	if err := c.log.awaitParallel(plain(c.asking[0]).echo); err != nil {
		return err
	}
	if c.clients > asking {
		c.idle, err = holdIdle(c.log.address, asking, c.clients-asking)
	}
	c.connecting = time.Since(began)
	return err
}

func (c *crowd) stop() error {
	hangUp(c.asking)
	if c.idle != nil {
		c.idle.stop()
	}
	return c.server.stop()
}

// event is one that counting.php answers.
type event struct {
	name string
	call func(c *crowd, user int) call
}

func events() []event {
	return []event{
		{"own row", func(c *crowd, user int) call { return plain(c.asking[user]).echo }},
		{"table", func(c *crowd, user int) call { return count(c.asking[user], inRoom(c.clients, user)) }},
	}
}

// run measures the event with that many clients asking at once.
func (c *crowd) run(ctx context.Context, e event, asking int, d time.Duration) (result, error) {
	callers := make([]call, asking)
	for user := range callers {
		callers[user] = e.call(c, user)
	}
	return c.measure(ctx, callers, d)
}

// inRoom is how many of the clients are in the user's room.
func inRoom(clients, user int) int {
	first := user % rooms
	return (clients - first + rooms - 1) / rooms
}

// count asks for the number of clients in the room of conn's client.
func count(conn *websocket.Conn, want int) call {
	return func() error {
		if err := conn.WriteMessage(websocket.BinaryMessage, []byte(message)); err != nil {
			return err
		}
		_, got, err := conn.ReadMessage()
		if err == nil && string(got) != strconv.Itoa(want) {
			err = fmt.Errorf("got %q instead of %d", got, want)
		}
		return err
	}
}

// startCrowds starts those that the measurements with 1 and with o.clients asking need, one after the other.
func startCrowds(o options, isolation string) (crowds map[int]*crowd, err error) {
	crowds = map[int]*crowd{}
	for _, clients := range slices.Concat(o.connected, []int{max(o.clients, o.connected[0])}) {
		if crowds[clients] != nil {
			continue
		}
		if crowds[clients], err = startCrowd(o, isolation, clients); err != nil {
			delete(crowds, clients)
			return nil, errors.Join(err, stopCrowds(crowds))
		}
	}
	return crowds, nil
}

func stopCrowds(crowds map[int]*crowd) (err error) {
	for _, c := range crowds {
		err = errors.Join(err, c.stop())
	}
	return err
}
