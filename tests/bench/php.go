package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
	"github.com/wsbridge/wsbridge/protocol"
)

// fileProtection keeps files younger than two seconds out of opcache, unless it is 0: PHP would compile what has just been unpacked
// for each event, at several times the cost, and only at the start of a measurement.
const fileProtection = "opcache.file_update_protection"

// php is a php-fpm with the PHP half and an application.
type php struct {
	dir      string
	fpm      *phpfpm.Process
	presence *fastcgi.Presence
	client   *fastcgi.Client
}

// startPHP returns when php-fpm accepts requests. The caller stops it.
func startPHP(ctx context.Context, source string) (*php, error) {
	dir, err := writeApplication(source)
	if err != nil {
		return nil, err
	}
	p := &php{dir: dir}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start php-fpm: %w", err), p.stop())
	}
	return p, nil
}

func (p *php) start(ctx context.Context) (err error) {
	if err := phphandlers.Unpack(p.dir); err != nil {
		return err
	}
	if p.fpm, err = phpfpm.Start(ctx, phpfpm.Config{Dir: p.dir, Workers: workers, INI: map[string]string{fileProtection: "0"},
		Preload: filepath.Join(p.dir, phphandlers.Preload)}); err != nil {
		return err
	}
	presence := filepath.Join(p.dir, "presence")
	if p.presence, err = fastcgi.CreatePresence(presence); err != nil {
		return err
	}
	p.client, err = fastcgi.New(fastcgi.Config{
		Network: "unix", Address: p.fpm.Address(), MaxConnections: workers, Presence: presence,
		Script:     filepath.Join(p.dir, phphandlers.Entry),
		EventsFile: filepath.Join(p.dir, "push_server_events.php"), SettingsFile: filepath.Join(p.dir, "server_shared.conf"),
	})
	return err
}

// processes are php-fpm's.
func (p *php) processes() []int { return append(children(p.fpm.PID()), p.fpm.PID()) }

func (p *php) stop() (err error) {
	if p.client != nil {
		err = p.client.Close()
	}
	if p.presence != nil {
		err = errors.Join(err, p.presence.Close())
	}
	if p.fpm != nil {
		err = errors.Join(err, p.fpm.Close())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// plainRow is the row of a client to which the application has added no fields.
func plainRow() (row protocol.Encoded) {
	var fields protocol.Fields
	const text = `{"peer_name":"127.0.0.1:50000","state":"OPEN","ping_time":false,"pong_time":false,"buffer":[]}`
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		panic(err) // a constant
	}
	bytes, traits := protocol.AppendRow(nil, 1, fields)
	row.Add(1, bytes, traits)
	return row
}

// echo runs one text event that sees its own row only, as wsbridge does for a client.
func (p *php) echo(ctx context.Context) error {
	e := protocol.Event{Kind: protocol.Text, Seq: 1, Client: 1, Payload: []byte(message), Rows: plainRow()}
	var answer string
	err := p.client.Run(ctx, func(f *protocol.Effect) error {
		switch {
		case f.Send != nil:
			answer = string(f.Send.Payload)
		case f.Failed != nil:
			return f.Failed
		}
		return nil
	}, &e)
	if err == nil && answer != message {
		err = fmt.Errorf("echo by PHP: got %q", answer)
	}
	return err
}

// measureBare calls the PHP half with the codec alone: what is left when everything but php-fpm costs nothing.
func measureBare(ctx context.Context, o options) (r result, err error) {
	p, err := startPHP(ctx, echoing)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.presence.Set(1, true, true); err != nil {
		return r, err
	}
	callers := make([]call, workers)
	for i := range callers {
		callers[i] = func() error { return p.echo(ctx) }
	}
	return measureEchoes(ctx, callers, o.duration, none, p.processes)
}
