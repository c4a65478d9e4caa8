package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// serverLog is what a wsbridge's log tells of it.
type serverLog struct {
	address string
	// beside is closed when texts run as the isolation has it: for a second or so after their file was written, they run alone.
	beside chan struct{}
	lines  *bufio.Scanner
	serial bool
}

// readLog returns when wsbridge listens, and reads on until it ends.
func readLog(r io.Reader, isolation string) (*serverLog, error) {
	l := &serverLog{beside: make(chan struct{}), lines: bufio.NewScanner(r), serial: isolation == "serial"}
	var said []string
	for l.lines.Scan() {
		said = append(said, l.lines.Text())
		if l.note(l.lines.Bytes()); l.address != "" {
			go func() { // ends with the program
				for l.lines.Scan() {
					l.note(l.lines.Bytes())
				}
			}()
			return l, nil
		}
	}
	return nil, fmt.Errorf("wsbridge did not start: %s", strings.Join(said, "\n"))
}

func (l *serverLog) note(line []byte) {
	var said struct {
		Msg, Address string
		Alone        []string
	}
	if json.Unmarshal(line, &said) != nil {
		return
	}
	switch said.Msg {
	case "listening":
		l.address = said.Address
	case "application described":
		if !l.serial && !slices.Contains(said.Alone, "ws_server_text") && !l.settled() {
			close(l.beside)
		}
	}
}

func (l *serverLog) settled() bool {
	select {
	case <-l.beside:
		return true
	default:
		return l.serial
	}
}

// settle calls a text's caller until texts run as they will from then on.
func (l *serverLog) settle(c call) error {
	const patience = 20 * time.Second
	for began := time.Now(); !l.settled(); {
		if time.Since(began) > patience {
			return errors.New("texts still run alone")
		}
		if err := c(); err != nil {
			return err
		}
	}
	return nil
}
