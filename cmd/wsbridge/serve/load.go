package serve

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
)

// Load is config.Load, and also finds what a start would fail with in what the configuration names: the certificate, the tokens, the
// group of the control socket. It makes the folder of server.acme_cache.
func Load(from config.Sources) (config.Config, error) {
	cfg, err := config.Load(from)
	if err == nil {
		err = errors.Join(checkNamed(&cfg)...)
	}
	if err == nil && len(cfg.Server.ACME) > 0 {
		_, err = makeCache(&cfg.Server)
	}
	return cfg, err
}

// Check returns each reason for which a start would fail that can be seen without running or asking anything: those for which Load fails,
// and what php-fpm needs. It makes nothing.
func Check(cfg *config.Config) []error {
	all := append(checkNamed(cfg), checkPHP(&cfg.PHP)...)
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
}

// checkNamed returns what is wrong with the files and the group that a configuration names; nil elements mean nothing.
func checkNamed(cfg *config.Config) []error {
	_, tokenErr := readTokens(&cfg.Control)
	return []error{checkCertificates(&cfg.Server), tokenErr, checkGroup(&cfg.Control)}
}

// checkPHP looks for the program and the user of php-fpm and for the events file, or for the socket of an existing php-fpm, which may see
// other files. Nil elements mean nothing.
func checkPHP(php *config.PHP) []error {
	network, address, external := php.Endpoint()
	switch {
	case external && network == "unix":
		return []error{checkThere("php.fastcgi", address)}
	case external:
		return nil
	}
	_, fpmErr := phpfpm.Find(php.FPM)
	if fpmErr != nil {
		fpmErr = fmt.Errorf("php.fpm = %q: %w", php.FPM, fpmErr)
	}
	userErr := phpfpm.CheckAccount(php.User, php.Group)
	if userErr != nil {
		userErr = fmt.Errorf("php.user = %q, php.group = %q: %w", php.User, php.Group, userErr)
	}
	return []error{fpmErr, userErr, checkThere("php.events_file", php.EventsFile)}
}

func checkThere(key, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func checkGroup(c *config.Control) error {
	if c.Group == "" {
		return nil
	}
	if _, err := control.GroupID(c.Group); err != nil {
		return fmt.Errorf("control.group = %q: %w", c.Group, err)
	}
	return nil
}
