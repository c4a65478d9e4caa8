package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// user connects, talks and leaves, again and again.
type user struct {
	t      *testing.T
	server *harness.Server
	seed   uint64

	sessions []*session // finished
	refused  int        // handshakes that were told to come back, or whose worker was killed
	lost     int        // connections whose open event failed
}

// session is one connection's traffic.
type session struct {
	key      int
	sent     int         // messages, numbered from 1
	past     int         // up to this number it waits for no acknowledgement
	acked    []int       // numbers, as they came
	said     int         // the row's own count, as last told
	document int         // the last document that the row knew of
	told     map[int]int // the last number heard, by sender
	leftBad  bool        // it hung up before the last answers came
}

const (
	atOnce = 4               // messages without an acknowledgement
	silent = 5 * time.Second // after it a message's event counts as failed, and another message is sent
)

func (u *user) live(ctx context.Context) {
	r := rand.New(rand.NewPCG(u.seed, 3))
	for ctx.Err() == nil {
		conn, response, err := websocket.DefaultDialer.Dial("ws://"+u.server.Address+"/", http.Header{"User-Agent": {"soak"}})
		switch {
		case errors.Is(err, websocket.ErrBadHandshake) && response.StatusCode >= 500:
			u.refused++
			time.Sleep(50 * time.Millisecond) // it comes back sooner than it is told to
			continue
		case err != nil:
			u.t.Errorf("connect: %v", err)
			return
		}
		if err := u.visit(conn, r); err != nil {
			u.t.Error(err)
			return
		}
	}
}

// visit lives through one connection, from its greeting to its end.
func (u *user) visit(conn *websocket.Conn, r *rand.Rand) error {
	defer conn.Close()
	frames, read := make(chan string, 64), make(chan error, 1)
	go func() { read <- receive(conn, frames) }() // ends with the connection; awaited below
	s := &session{told: map[int]int{}, leftBad: r.IntN(3) == 0}
	err := s.greeted(frames)
	switch {
	case err == nil && s.key > 0:
		u.sessions = append(u.sessions, s)
		err = s.talk(conn, frames, r)
	case err == nil:
		u.lost++
	}
	if err != nil || s.leftBad {
		conn.Close()
	} else {
		deadline := time.Now().Add(harness.Patience)
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
		_ = conn.SetReadDeadline(deadline)
	}
	for range frames { // whatever still comes
	}
	if end := <-read; err == nil && !s.leftBad && !websocket.IsCloseError(end, websocket.CloseNormalClosure) {
		err = fmt.Errorf("the connection ended with: %w", end)
	}
	if err != nil {
		return fmt.Errorf("client %d: %w", s.key, err)
	}
	return nil
}

// talk sends messages, a few at a time, and waits until the last is acknowledged, unless the session is one that hangs
// up.
func (s *session) talk(conn *websocket.Conn, frames <-chan string, r *rand.Rand) error {
	messages := 1 + r.IntN(100)
	for s.last() < messages && !(s.leftBad && s.last() > messages/2) {
		if err := s.fill(conn, messages, r); err != nil {
			return err
		}
		answer := s.await(frames)
		if answer == "" { // their events failed: one more message shows where the server is
			messages, s.past = s.sent+1, s.sent
			continue
		}
		if err := s.hear(answer); err != nil {
			return err
		}
	}
	return nil
}

// greeted waits for what the open event sends, the client's key. A broadcast may come first.
func (s *session) greeted(frames <-chan string) error {
	for {
		message := s.await(frames)
		if _, err := fmt.Sscanf(message, "key %d", &s.key); err == nil || message == "" {
			return nil
		}
		if err := s.hear(message); err != nil {
			return err
		}
	}
}

// fill sends messages up to the limit of atOnce.
func (s *session) fill(conn *websocket.Conn, messages int, r *rand.Rand) error {
	for s.sent < messages && s.sent-s.past < atOnce {
		s.sent++
		verb := "say"
		if r.IntN(50) == 0 {
			verb = "tell"
		}
		message := fmt.Sprintf("%s %d %*s", verb, s.sent, r.IntN(2000), "")
		if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			return err
		}
	}
	return nil
}

// last is the number of the latest acknowledged message.
func (s *session) last() int {
	if len(s.acked) == 0 {
		return 0
	}
	return s.acked[len(s.acked)-1]
}

// await returns the next message, or "" when none comes for the time silent.
func (s *session) await(frames <-chan string) string {
	select {
	case f := <-frames:
		return f
	case <-time.After(silent):
		return ""
	}
}

// hear takes an acknowledgement or a broadcast. The numbers of each may only grow.
func (s *session) hear(message string) error {
	var n, said, document, sender int
	if _, err := fmt.Sscanf(message, "ack %d %d %d", &n, &said, &document); err == nil {
		return s.acknowledged(n, said, document)
	}
	if _, err := fmt.Sscanf(message, "told %d %d", &sender, &n); err != nil {
		return fmt.Errorf("got %q", message)
	}
	if n <= s.told[sender] {
		return fmt.Errorf("heard %d of %d behind %d", n, sender, s.told[sender])
	}
	s.told[sender] = n
	return nil
}

// acknowledged takes the number of a message, and what the row has counted and was given so far. A failed event changes no row: the next
// one counts the same number. An event that did not fail has acknowledged its message, so there are at least as many acknowledgements.
func (s *session) acknowledged(n, said, document int) error {
	if n <= s.last() || said < s.said || said > len(s.acked)+1 || document < s.document {
		return fmt.Errorf("message %d was acknowledged, counted as %d, with document %d, after %d messages up to %d, counted as %d, with document %d",
			n, said, document, len(s.acked), s.last(), s.said, s.document)
	}
	s.acked, s.said, s.document, s.past = append(s.acked, n), said, document, n
	return nil
}

// receive hands on what comes until the connection ends.
func receive(conn *websocket.Conn, frames chan<- string) error {
	defer close(frames)
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		frames <- string(data)
	}
}
