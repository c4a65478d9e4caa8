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

// site is a wsbridge with so many clients connected: some of them ask, the others are idle.
type site struct {
	*server
	clients    int
	asking     []*websocket.Conn // users with the first numbers
	idle       *idleClients
	connecting time.Duration // until all were
}

func startSite(o options, isolation string, clients int) (s *site, err error) {
	s = &site{clients: clients}
	if s.server, err = startServer(setup{binary: o.binary, source: counting, isolation: isolation, workers: workers}); err != nil {
		return nil, err
	}
	if err := s.connect(min(o.clients, clients)); err != nil {
		return nil, errors.Join(fmt.Errorf("%d clients: %w", clients, err), s.stop())
	}
	return s, nil
}

func (s *site) connect(asking int) (err error) {
	began := time.Now()
	if s.asking, err = dial(s.log.address, 0, asking); err != nil {
		return err
	}
	if err := s.log.settle(echo(s.asking[0])); err != nil {
		return err
	}
	if s.clients > asking {
		s.idle, err = startIdle(s.log.address, asking, s.clients-asking)
	}
	s.connecting = time.Since(began)
	return err
}

func (s *site) stop() error {
	hangUp(s.asking)
	if s.idle != nil {
		s.idle.stop()
	}
	return s.server.stop()
}

// event is one that counting.php answers.
type event struct {
	name string
	call func(s *site, user int) call
}

func events() []event {
	return []event{
		{"own row", func(s *site, user int) call { return echo(s.asking[user]) }},
		{"table", func(s *site, user int) call { return count(s.asking[user], inRoom(s.clients, user)) }},
	}
}

// run measures the event with so many asking at once.
func (s *site) run(ctx context.Context, e event, asking int, d time.Duration) (result, error) {
	callers := make([]call, asking)
	for user := range callers {
		callers[user] = e.call(s, user)
	}
	return s.measure(ctx, callers, d)
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

// sites are those that the measurements with 1 and with o.clients asking need, started one after the other.
func startSites(o options, isolation string) (sites map[int]*site, err error) {
	sites = map[int]*site{}
	for _, clients := range slices.Concat(o.connected, []int{max(o.clients, o.connected[0])}) {
		if sites[clients] != nil {
			continue
		}
		s, err := startSite(o, isolation, clients)
		if err != nil {
			return nil, errors.Join(err, stopSites(sites))
		}
		sites[clients] = s
	}
	return sites, nil
}

func stopSites(sites map[int]*site) (err error) {
	for _, s := range sites {
		err = errors.Join(err, s.stop())
	}
	return err
}
