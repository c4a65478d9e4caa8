package control

import (
	"net/http"
	"os"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// checkPurpose refuses a request that is for another server: one that names another configuration is for a server that has ended, or
// that another program's socket hides.
func (s *Server) checkPurpose(r *http.Request) *api.Error {
	meant, err := api.Purpose(r.Header)
	own := s.cfg.Status().Config
	switch {
	case err != nil:
		return errorf(http.StatusBadRequest, "%s: %v", api.ConfigHeader, err)
	case meant == "" || isSameFile(meant, own):
		return nil
	}
	return errorf(http.StatusMisdirectedRequest, "this server runs with %s, not with %s", nameFor(r, own), meant)
}

// nameFor returns the name of the server's configuration, which not everybody who may ask for health may know.
func nameFor(r *http.Request, own string) string {
	switch {
	case own == "":
		return "no configuration file"
	case !operatorOf(r).role.Allows(config.RoleRead):
		return "another configuration"
	}
	return own
}

// isSameFile reports whether both paths lead to one file, which may have several names.
func isSameFile(a, b string) bool {
	if a == b {
		return true
	}
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}
