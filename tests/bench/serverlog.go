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

// serverLog is what wsbridge's log says.
type serverLog struct {
	address  string
	parallel chan struct{} // closed when texts run in parallel: for about a second after their file was written, they run alone
	lines    *bufio.Scanner
}

// readLog returns when wsbridge listens, and goes on reading until it ends.
func readLog(r io.Reader, isolation string) (*serverLog, error) {
	l := &serverLog{parallel: make(chan struct{}), lines: bufio.NewScanner(r)}
	if isolation == "serial" {
		close(l.parallel) // they always run alone
	}
	var read []string
	for l.lines.Scan() {
		read = append(read, l.lines.Text())
		if l.note(l.lines.Bytes()); l.address != "" {
			go func() { // ends with the program
				for l.lines.Scan() {
					l.note(l.lines.Bytes())
				}
			}()
			return l, nil
		}
	}
	return nil, fmt.Errorf("wsbridge did not start: %s", strings.Join(read, "\n"))
}

func (l *serverLog) note(line []byte) {
	var entry struct {
		Msg, Address string
		Alone        []string
	}
	if json.Unmarshal(line, &entry) != nil {
		return
	}
	switch entry.Msg {
	case "listening":
		l.address = entry.Address
	case "application described":
		if !slices.Contains(entry.Alone, "ws_server_text") && !l.isParallel() {
			close(l.parallel)
		}
	}
}

func (l *serverLog) isParallel() bool {
	select {
	case <-l.parallel:
		return true
	default:
		return false
	}
}

// awaitParallel calls a text's caller until texts run as they will from then on.
func (l *serverLog) awaitParallel(c call) error {
	for began := time.Now(); !l.isParallel(); {
		if time.Since(began) > patience {
			return errors.New("texts still run alone")
		}
		if err := c(); err != nil {
			return err
		}
	}
	return nil
}
