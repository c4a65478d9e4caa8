package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// Token lets its holder in over TCP. It keeps a hash of the secret only.
type Token struct {
	name string
	role config.Role
	hash [sha256.Size]byte
}

// NewToken returns the token with that secret.
func NewToken(name string, role config.Role, secret string) Token {
	return Token{name, role, sha256.Sum256([]byte(secret))}
}

// Name returns the name of the token's holder.
func (t Token) Name() string { return t.name }

// Same reports whether two tokens have the same secret.
func (t Token) Same(other Token) bool {
	return subtle.ConstantTimeCompare(t.hash[:], other.hash[:]) == 1
}

// tokens are those that are valid until replaced is closed.
type tokens struct {
	all      []Token
	replaced chan struct{}
}

// SetTokens replaces the tokens. Of the requests that have come in, streams end if their token allows them no more. It may be called
// concurrently.
func (s *Server) SetTokens(all []Token) {
	before := s.Holders()
	if old := s.tokens.Swap(&tokens{all, make(chan struct{})}); old != nil {
		close(old.replaced)
	}
	if now := s.Holders(); !slices.Equal(before, now) {
		s.cfg.Logger.Info("the tokens of control have changed", "holders", now)
	}
}

// Holders returns the names of those who hold a token, with their roles. It may be called concurrently.
func (s *Server) Holders() (names []string) {
	if now := s.tokens.Load(); now != nil {
		for _, t := range now.all {
			names = append(names, t.name+" ("+string(t.role)+")")
		}
	}
	return names
}

func (s *Server) hasTokens() bool { return len(s.tokens.Load().all) > 0 }

// holder returns who holds the token of a request (RFC 6750, section 2.1). Hashes are of one length, and each is compared, so the time
// tells neither a token's length nor whose it is.
func (s *Server) holder(r *http.Request) (found operator) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return operator{}
	}
	got := NewToken("", "", strings.TrimSpace(secret))
	for _, t := range s.tokens.Load().all {
		if t.Same(got) {
			found = operator{name: t.name, role: t.role}
		}
	}
	return found
}

// isRevoked reports whether the token of a request that was let in does not allow needed any more. Who came through the unix socket has none.
func (s *Server) isRevoked(r *http.Request, needed config.Role) bool {
	_, isUnix := cutUnixUser(operatorOf(r).name)
	return !isUnix && !s.holder(r).role.Allows(needed)
}
