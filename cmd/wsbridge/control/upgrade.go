package control

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// upgradeTime is how long the answer of upgrade may take at most. The server has limits of its own for each of its steps.
const upgradeTime = 30 * time.Minute

// upgrade goes on when the client has left: a hand-over that has begun comes to its end.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) (any, error) {
	var body api.Upgrade
	if err := decode(w, r, &body); err != nil {
		return nil, err
	}
	if body.Program != "" && !filepath.IsAbs(body.Program) {
		return nil, errorf(http.StatusBadRequest, "program %q: want an absolute path, since the server may run in another folder", body.Program)
	}
	if who := operatorOf(r); body.Program != "" && !who.isServer() {
		return nil, errorf(http.StatusForbidden, "a program may be named only by root and by the server's user, at the unix socket: it would run as that user")
	}
	if s.cfg.Upgrade == nil {
		return nil, errorf(http.StatusConflict, "no other process can take over from this one: it was not started by wsbridge serve")
	}
	extend(w, upgradeTime)
	done, err := s.cfg.Upgrade(context.WithoutCancel(r.Context()), body.Program)
	if err != nil {
		return nil, errorf(http.StatusConflict, "nothing was upgraded, and everything goes on: %v", err)
	}
	return done, nil
}
