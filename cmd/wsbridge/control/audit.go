package control

import (
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// auditInterval is how often equal acts that programs repeat, such as sending, are summed up in the log.
const auditInterval = 10 * time.Second

// act is what operators do again and again.
type act struct {
	by     operator
	action string
	status int
}

// audit logs who has asked for what, and how it ended.
func (s *Server) audit(t route, r *http.Request, status int, body any) {
	if t.action == "" {
		return
	}
	a := act{operatorOf(r), t.action, status}
	if t.often && !s.acts.First(a) {
		return
	}
	args := []any{"by", a.by.String(), "action", a.action, "status", status}
	if key := r.PathValue("key"); key != "" {
		args = append(args, "connection", key)
	}
	switch b := body.(type) {
	case api.Broadcast:
		args = append(args, "clients", b.To, "missed", b.Missed)
	case *api.Error:
		args = append(args, "error", b.Text)
	}
	s.cfg.Logger.Info("an operator has acted", args...)
}

// sumUpActs logs how often the acts after the first were repeated, at intervals and at the end.
func (s *Server) sumUpActs() {
	tick := time.NewTicker(auditInterval)
	defer tick.Stop()
	for s.ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
		}
		s.acts.Flush(func(a act, more int) {
			s.cfg.Logger.Info("an operator has acted again and again", "by", a.by.String(), "action", a.action, "status", a.status, "times", more)
		})
	}
}
