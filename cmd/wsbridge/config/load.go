package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Sources are where a configuration comes from. Where several say something: fastcgi, then the TOML file, then the
// legacy settings file, then the defaults.
type Sources struct {
	Settings string // path of a legacy settings file
	Config   string // path of a TOML file
	FastCGI  string // address of php-fpm
}

// Load reads, joins and validates the sources. An error reports all problems, each with its key, value and line.
// Relative paths in a TOML file start at its folder; in a settings file, as they did for the original, at the working
// directory. All paths of the result are absolute.
func Load(s Sources) (Config, error) {
	cfg, _, err := load(s)
	return cfg, err
}

// load is Load that also tells where the values came from.
func load(s Sources) (Config, provenance, error) {
	l := loader{cfg: Default(), from: provenance{}}
	if err := l.read(s); err != nil {
		return Config{}, nil, err
	}
	l.join(s)
	l.required(s)
	l.complete()
	c := checker{from: l.from, problems: l.problems}
	c.all(&l.cfg)
	l.cfg.Notes = append(l.cfg.Notes, c.idle(&l.cfg)...)
	return l.cfg, l.from, c.problems.err()
}

// loader holds what has been read so far.
type loader struct {
	cfg      Config
	from     provenance
	file     *document  // nil without a TOML file
	peeked   provenance // of its legacy.settings, before the rest is decoded
	settings *Settings  // nil without a legacy settings file
	problems problems
}

// read opens the files. The TOML file may name the settings file, so it comes first.
func (l *loader) read(s Sources) (err error) {
	path := s.Settings
	if s.Config != "" {
		if l.file, err = readDocument(s.Config, fields(&l.cfg)); err != nil {
			return err
		}
		if path, err = l.settingsPath(s); err != nil {
			return err
		}
	}
	if path == "" {
		return nil
	}
	l.settings, err = readSettings(path)
	if err != nil && s.Settings == "" {
		err = configError(l.peeked.problem("legacy.settings", path, err.Error()))
	}
	return err
}

// settingsPath returns the settings file that the TOML file or the flag names. If both do they must agree.
func (l *loader) settingsPath(s Sources) (string, error) {
	var peek Config
	l.peeked = provenance{}
	l.file.decode(fields(&peek), l.peeked) // what is wrong is found again, and reported, when all of it is decoded
	named := peek.Legacy.Settings
	if named == "" {
		return s.Settings, nil
	}
	if !filepath.IsAbs(named) {
		named = filepath.Join(filepath.Dir(s.Config), named)
	}
	if s.Settings == "" || Absolute(".", s.Settings) == Absolute(".", named) {
		return named, nil
	}
	return "", configError(l.peeked.problem("legacy.settings", peek.Legacy.Settings,
		fmt.Sprintf("contradicts --settings %q", s.Settings)))
}

// join lets each source decide over the one below it.
func (l *loader) join(s Sources) {
	if l.settings != nil {
		l.problems.add(l.settings.overlay(&l.cfg, l.from)...)
		l.absolute(".")
	}
	if l.file != nil {
		found, overridden := l.file.decode(fields(&l.cfg), l.from)
		l.problems.add(found...)
		l.cfg.Notes = slices.Concat(l.cfg.Notes, l.file.retired, overridden)
		l.absolute(filepath.Dir(s.Config))
	}
	if s.FastCGI != "" {
		l.cfg.PHP.FastCGI, l.from["php.fastcgi"] = s.FastCGI, origin{name: "--fastcgi"}
	}
}

// required reports what must be set and has no default.
func (l *loader) required(s Sources) {
	if l.settings != nil {
		if names := l.settings.missing(l.from); len(names) > 0 {
			l.problems.add(fmt.Sprintf("%s: missing or empty: %s", l.settings.Path, strings.Join(names, ", ")))
		}
		return
	}
	if l.cfg.PHP.EventsFile == "" {
		l.problems.add(fmt.Sprintf("%s: php.events_file is missing or empty, and legacy.settings names no file that has it", s.Config))
	}
}

// complete fills in what follows from the rest.
func (l *loader) complete() {
	if l.settings == nil {
		return
	}
	l.cfg.Legacy.Settings = Absolute(".", l.settings.Path)
	if from, ok := l.from["legacy.settings"]; !ok || from.place == "" {
		l.from["legacy.settings"] = origin{name: "--settings"}
	}
	if l.cfg.PHP.SettingsFile == "" {
		l.cfg.PHP.SettingsFile = l.cfg.Legacy.Settings
		l.from["php.settings_file"] = origin{name: "as legacy.settings"}
	}
	if l.cfg.Pipe.Path == "" {
		l.cfg.Notes = append(l.cfg.Notes, fmt.Sprintf("%s: %s is missing or empty: there is no pipe", l.settings.Path, settingPipe))
	}
}

// absolute resolves the relative paths that came since the last call, from dir.
func (l *loader) absolute(dir string) {
	php := &l.cfg.PHP
	for _, path := range [...]*string{&php.RunDir, &php.EventsFile, &php.SettingsFile, &php.Script, &l.cfg.Pipe.Path,
		&l.cfg.Server.TLSCert, &l.cfg.Server.TLSKey, &l.cfg.Log.Folder, &l.cfg.Control.TokenFile} {
		*path = Absolute(dir, *path)
	}
	if strings.Contains(php.FPM, "/") { // else a command, found in PATH
		php.FPM = Absolute(dir, php.FPM)
	}
}

// absolute joins a relative path to dir. An empty path stays empty, a relative one relative where the working
// directory is gone.
func Absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	abs, err := filepath.Abs(filepath.Join(dir, path))
	if err != nil {
		return path
	}
	return abs
}
