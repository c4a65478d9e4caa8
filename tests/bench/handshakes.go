package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// greeting authenticates and opens in PHP, and tells the client so.
const greeting = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) {
	$connection["login"] = substr($cookies,strlen("login="));
	return True;
}
function ws_server_open(&$connections,&$connection,$client_key) {
	$connection["since"] = microtime(True);
	send_text($client_key,"welcome");
}
`

// handshakesEach is how many clients connect in one measurement.
const handshakesEach = 4000

// measureHandshakes compares how fast clients come in.
func measureHandshakes(ctx context.Context, b *residents) (figures []figure, err error) {
	var servers []*server
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, with := range []setup{b.now(greeting), b.before(greeting)} {
		s, err := startServer(with)
		if err != nil {
			return nil, err
		}
		servers = append(servers, s)
		if err := settleHandshakes(ctx, s, b.clients); err != nil {
			return nil, err
		}
	}
	var results measured
	err = onBoth(ctx, b.rounds, func(side int) error {
		r, err := measureArrivals(servers[side], handshakesEach, b.clients)
		results[side] = append(results[side], r)
		return err
	})
	if err == nil && b.profile != "" {
		err = servers[0].contender("").profile(ctx, arriving(servers[0], b.clients), filepath.Join(b.profile, "handshakes.pprof"))
	}
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("handshakes/s, authenticate and open in PHP, %d at once: to %s", b.clients, b.against)
	return []figure{figureRates(name, limit{"≥", 3}, results[0], results[1])}, nil
}

// settleHandshakes has clients come and go until handlers run as they will from then on.
func settleHandshakes(ctx context.Context, s *server, atOnce int) error {
	for began := time.Now(); time.Since(began) < settling; {
		if _, err := measureArrivals(s, handshakesEach/8, atOnce); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// arriving has clients come and go until ctx ends, whose error it returns.
func arriving(s *server, atOnce int) func(context.Context) error {
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			if _, err := measureArrivals(s, handshakesEach/8, atOnce); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// measureArrivals connects n clients, some at once, and returns when the server has forgotten them.
func measureArrivals(s *server, n, atOnce int) (result, error) {
	arriving := make([]net.Conn, n)
	r, err := measureDriven(s.own, s.php, func() (latencies, time.Duration, error) { return arrive(s.log.address, arriving, atOnce) })
	for _, conn := range arriving {
		if conn != nil {
			_ = conn.(*net.TCPConn).SetLinger(0) // a closed socket would keep its port for a minute
			err = errors.Join(err, conn.Close())
		}
	}
	return r, errors.Join(err, awaitQuiet(append(s.own(), s.php()...)))
}

// arrive connects clients into conns, and returns how long each took until it was welcome.
func arrive(address string, conns []net.Conn, atOnce int) (latencies, time.Duration, error) {
	took, errs := make(latencies, atOnce), make([]error, atOnce)
	var group sync.WaitGroup
	began := time.Now()
	for i := range atOnce {
		group.Go(func() {
			for n := i; n < len(conns) && errs[i] == nil; n += atOnce {
				asked := time.Now()
				conns[n], errs[i] = shakeHands(address)
				took[i] = append(took[i], time.Since(asked))
			}
		})
	}
	group.Wait()
	return took, time.Since(began), errors.Join(errs...)
}

// shakeHands connects a client and reads its welcome.
func shakeHands(address string) (net.Conn, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	const request = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: login=user1\r\nUser-Agent: bench\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return conn, err
	}
	return conn, readWelcome(conn)
}

// readWelcome reads the answer to a handshake (RFC 6455, 4.2.2) and the message that follows.
func readWelcome(conn net.Conn) error {
	var buffer [1024]byte
	for have := 0; have < len(buffer); {
		n, err := conn.Read(buffer[have:])
		if have += n; err != nil {
			return err
		}
		head, message, found := bytes.Cut(buffer[:have], []byte("\r\n\r\n"))
		if !found {
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("handshake: got %.200q", head)
		}
		if welcome, err := answers(message, []byte("welcome")); welcome || err != nil {
			return err
		}
	}
	return errors.New("handshake: a long answer")
}
