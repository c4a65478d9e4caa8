package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// look returns values from where a running server uses them.
type look func(r *running) values

type values []any

// all looks at several places.
func all(looks ...look) look {
	return func(r *running) (found values) {
		for _, at := range looks {
			found = append(found, at(r)...)
		}
		return found
	}
}

// inBridge looks at fields of the configuration that the bridge has in force.
func inBridge(fields ...string) look {
	return func(r *running) values { return fieldsOf(r.server.bridge.Config(), fields) }
}

// inReloader looks at fields of config.Server that an upgrade is given.
func inReloader(fields ...string) look {
	return func(r *running) (found values) {
		if err := r.server.reload.again(r.t.Context(), func(_ context.Context, cfg *config.Config) error {
			found = fieldsOf(cfg.Server, fields)
			return nil
		}); err != nil {
			r.t.Fatal(err)
		}
		return found
	}
}

// inClient looks at fields of what the client of the php-fpm in force was made with.
func inClient(fields ...string) look {
	return func(r *running) values { return fieldsOf(r.server.backend.current.Load().asked, fields) }
}

func fieldsOf(config any, names []string) (found values) {
	for _, name := range names {
		v := reflect.ValueOf(config)
		for part := range strings.SplitSeq(name, ".") {
			v = v.FieldByName(part)
		}
		found = append(found, v.Interface())
	}
	return found
}

// inPool looks at a directive of our own php-fpm's configuration file.
func inPool(directive string) look {
	line := regexp.MustCompile(`(?m)^` + directive + ` = (.*)$`)
	return func(r *running) values {
		own := r.server.backend.current.Load().managed
		if own == nil {
			return nil
		}
		if found := line.FindSubmatch(must(os.ReadFile(filepath.Join(own.dir, "php-fpm.conf")))); found != nil {
			return values{string(found[1])}
		}
		return nil
	}
}

// residents looks at where the pool for requests that stay open is.
func residents(r *running) values { return values{r.server.backend.current.Load().residents} }

// inPHP has a handler evaluate an expression.
func inPHP(expression string) look {
	return func(r *running) values {
		answer, err := api.Ask[api.Fifo](r.t.Context(), r.control, api.Call{Method: http.MethodPost, Path: "/v1/fifo",
			Query: url.Values{"timeout": {patience.String()}}, Body: []byte(expression)})
		if err != nil {
			r.t.Fatal(err)
		}
		var result any
		if err := json.Unmarshal(answer.Result, &result); err != nil {
			r.t.Fatal(err)
		}
		return values{result}
	}
}

// takes sends a message of that size by the control API.
func takes(size int) look {
	return func(r *running) values {
		err := r.control.Do(r.t.Context(), api.Call{Method: http.MethodPost, Path: "/v1/broadcast", Type: "application/octet-stream",
			Body: make([]byte, size)}, nil)
		return values{err == nil}
	}
}

func pipeMode(r *running) values {
	return values{must(os.Stat(filepath.Join(r.dir, "pipe"))).Mode().Perm()}
}

func logLevel(r *running) values { return values{r.server.log.Level.Level()} }

// dailyFiles logs a line and counts the daily files.
func dailyFiles(r *running) values {
	r.server.log.Warn("a line for the daily file")
	return values{len(must(filepath.Glob(filepath.Join(r.dir, "ws_*.log"))))}
}

// holders returns who may come to the control API over TCP.
func holders(r *running) (v values) {
	for _, name := range r.server.operators.Holders() {
		v = append(v, name)
	}
	return v
}
