package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// LoadControl returns what a TOML file says about the operators' access to its server, for a command that only asks that server: the file
// may have been edited since the server started. mistakes are what else is wrong with the file. The error is that the file cannot be read,
// or has a mistake about this access. If the file is no TOML, that is a mistake, and the access is the default.
func LoadControl(path string) (access Control, mistakes []string, err error) {
	cfg, whole := Load(Sources{Config: path})
	if whole == nil {
		return cfg.Control, nil, nil
	}
	text, err := readLimited(path)
	if err != nil {
		return Control{}, nil, err
	}
	cfg = Default()
	d, err := parseTOML(path, text)
	if _, badSyntax := errors.AsType[configError](err); badSyntax {
		return cfg.Control, Each(whole), nil
	}
	if err != nil {
		return Control{}, nil, err
	}
	known := fields(&cfg)
	d.keepControl(known)
	d.removeUnknown(known)
	c := checker{from: provenance{}}
	c.problems, _ = d.decode(known, c.from)
	c.control(&cfg.Control)
	if len(c.problems) > 0 {
		return Control{}, nil, whole
	}
	cfg.Control.absolute(filepath.Dir(path))
	return cfg.Control, Each(whole), nil
}

// keepControl removes the values that have nothing to do with the section [control]. Unknown keys that may stand for one of it stay.
func (d *document) keepControl(known map[string]any) {
	isControl := func(key string) bool {
		return strings.HasPrefix(strings.Trim(key, "[]"), "control.") || strings.Trim(key, "[]") == "control"
	}
	d.values = slices.DeleteFunc(d.values, func(v value) bool {
		if _, ok := known[v.key]; ok || isControl(v.key) {
			return !isControl(v.key)
		}
		return !slices.ContainsFunc(meantKeys(v.key, known, sections()), isControl)
	})
}
