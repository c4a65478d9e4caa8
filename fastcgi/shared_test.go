package fastcgi

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// sharing is an application that notes what runs, and that can end PHP in all ways.
const sharing = `<?php
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	file_put_contents(__DIR__."/spool/ran",$client_key." ",FILE_APPEND|LOCK_EX);
	send_text($client_key,"begins");
	switch ($msg) {
		case "exit": exit;
		case "fatal": trigger_error("no more",E_USER_ERROR); break;
		case "throw": throw new Exception("thrown");
		case "kill": posix_kill(getmypid(),9); break;
		case "finish": fastcgi_finish_request(); usleep(100000); break;
		case "buffers": while (ob_get_level()>0) ob_end_clean(); break;
		case "long": usleep(200000); break;
		case "hang": ignore_user_abort(true);
			for ($until=microtime(true)+4; microtime(true)<$until;) usleep(1000);
	}
}
`

// shares returns a client that runs that application with the real PHP half.
func (s site) shares(t *testing.T, timeout time.Duration) *Client {
	t.Helper()
	s.own(t, 1)
	if err := os.CopyFS(s.path("php"), os.DirFS("../php-handlers")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("sharing.php"), []byte(sharing), 0o644); err != nil {
		t.Fatal(err)
	}
	return s.client(t, func(cfg *Config) {
		cfg.Script, cfg.EventsFile, cfg.Timeout = s.path("php/wsbridge.php"), s.path("sharing.php"), timeout
	})
}

// texts are events of as many clients, numbered from 1.
func texts(messages ...string) (events []*protocol.Event) {
	for i, message := range messages {
		key := i + 1
		e := &protocol.Event{Kind: protocol.Text, Seq: uint64(key), Client: int64(key), Payload: []byte(message)}
		e.Rows.Add(1, fmt.Appendf(nil, `i:%d;a:1:{s:5:"state";s:4:"OPEN";}`, key), protocol.Traits{})
		events = append(events, e)
	}
	return events
}

// outcomes runs events in one request and returns how each ended; "?" if it did not.
func outcomes(t *testing.T, c *Client, events []*protocol.Event) (ends []string, err error) {
	t.Helper()
	ends = make([]string, len(events))
	for i := range ends {
		ends[i] = "?"
	}
	err = c.Run(t.Context(), func(e *protocol.Effect) error {
		switch {
		case e.Done != nil:
			ends[e.Seq-1] = "done"
		case e.Failed != nil:
			ends[e.Seq-1] = string(e.Failed.Kind)
		}
		return nil
	}, events...)
	return ends, err
}

// An event in the middle ends the request in some way. Those after it have not begun, and never do.
func TestEventsAfterOneThatEndsARequestHaveNotBegun(t *testing.T) {
	for _, test := range []struct {
		message, ends string
		err           error
	}{
		{"nothing", "done done done done", nil},
		{"exit", "done exit skipped skipped", nil},
		{"fatal", "done fatal skipped skipped", nil},
		{"throw", "done exception skipped skipped", nil},
		{"kill", "done ? skipped skipped", protocol.ErrCutOff},
		{"kill first", "? skipped skipped skipped", protocol.ErrCutOff},
		{"finish", "done fatal skipped skipped", nil}, // this php-fpm does not have the function
		{"buffers", "done done skipped skipped", nil},
		{"long", "done done skipped skipped", nil},
		{"hang", "done ? skipped skipped", protocol.ErrTimeout},
	} {
		t.Run(test.message, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c := s.shares(t, 2500*time.Millisecond)
			eventually(t, "php-fpm answers", func() bool {
				_, err := outcomes(t, c, texts("first"))
				return err == nil
			})
			if err := os.Remove(s.spool("ran")); err != nil {
				t.Fatal(err)
			}
			messages := []string{"quick", test.message, "quick", "quick"}
			if test.message == "kill first" {
				messages = []string{"kill", "quick", "quick", "quick"}
			}
			ends, err := outcomes(t, c, texts(messages...))
			if got := strings.Join(ends, " "); got != test.ends || !errors.Is(err, test.err) {
				t.Errorf("got %s, %v, want %s, %v", got, err, test.ends, test.err)
			}
			eventually(t, "the worker is free again", func() bool {
				last := texts("last")
				last[0].Client = 9
				_, err := outcomes(t, c, last)
				return err == nil
			})
			ran, err := os.ReadFile(s.spool("ran"))
			want := map[string]string{"nothing": "1 2 3 4 ", "kill first": "1 "}[test.message]
			if want == "" {
				want = "1 2 "
			}
			if got := strings.ReplaceAll(string(ran), "9 ", ""); err != nil || got != want {
				t.Errorf("%s: ran %q, want %q (%v)", test.message, got, want, err)
			}
		})
	}
}
