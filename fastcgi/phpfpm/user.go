package phpfpm

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
)

// defaultUser runs the workers if no user is configured. It is the web server's, which owns PHP sessions.
const defaultUser = "www-data"

// account holds the user and group that the pool names.
type account struct {
	user, group string // empty: those of php-fpm
	root        bool   // php-fpm has to be told that this is wanted
}

// workerAccount decides which user runs the workers. Only root can choose, and workers run as root only if that is configured.
func workerAccount(name, group string) (account, error) {
	if os.Geteuid() != 0 {
		return ownAccount(name, group)
	}
	return findAccount(cmp.Or(name, defaultUser), group)
}

// findAccount returns the account of a user, whose own group is taken if group is empty.
func findAccount(name, group string) (account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, fmt.Errorf("find the workers' user: %w", err)
	}
	if group == "" {
		group = u.Gid
	} else if _, err := user.LookupGroup(group); err != nil {
		return account{}, fmt.Errorf("find the workers' group: %w", err)
	}
	return account{user: name, group: group, root: u.Uid == "0"}, nil
}

// CheckAccount returns an error if the User or the Group of a Config is not there. It asks for the default user as root would, unless this
// program could start php-fpm as who it is.
func CheckAccount(name, group string) error {
	if os.Geteuid() != 0 {
		if _, err := ownAccount(name, group); err == nil {
			return nil
		}
	}
	_, err := findAccount(cmp.Or(name, defaultUser), group)
	return err
}

// ownAccount accepts only the user that runs this program.
func ownAccount(name, group string) (account, error) {
	if name == "" && group == "" {
		return account{}, nil
	}
	self, err := user.Current()
	if err != nil {
		return account{}, fmt.Errorf("find the workers' user: %w", err)
	}
	if name != "" && name != self.Username && name != self.Uid {
		return account{}, fmt.Errorf("run workers as user %q: started as %s, not as root", name, self.Username)
	}
	if group == "" {
		return account{}, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return account{}, fmt.Errorf("find the workers' group: %w", err)
	}
	if g.Gid != self.Gid {
		return account{}, fmt.Errorf("run workers as group %q: not started as root", group)
	}
	return account{}, nil
}
