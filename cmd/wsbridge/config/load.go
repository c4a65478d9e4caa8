package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Sources are where a configuration comes from. FastCGI overrides the TOML file, that the legacy settings file, that the defaults.
type Sources struct {
	Settings string // path of a legacy settings file
	Config   string // path of a TOML file
	FastCGI  string // address of php-fpm
}

// Load reads, joins and validates the sources. Its error lists all problems, each with key, value and line (see Each). Relative
// paths in a TOML file start at its folder; in a settings file at the working directory, as in the original. The paths of the
// result are absolute.
func Load(s Sources) (Config, error) {
	l, err := load(s)
	return l.cfg, err
}

// load returns a loader that is done.
func load(s Sources) (*loader, error) {
	keys := readAnnotated()
	l := &loader{keys: keys, cfg: keys.defaults(), defaults: keys.defaults(), from: provenance{}}
	if err := l.read(s); err != nil {
		return l, err
	}
	l.join(s)
	l.required(s)
	l.complete()
	c := checker{from: l.from, problems: l.problems}
	c.all(&l.cfg)
	l.cfg.Notes = append(l.cfg.Notes, l.unused()...)
	return l, c.problems.err()
}

// loader holds what has been read so far.
type loader struct {
	keys     annotated
	defaults Config
	cfg      Config
	from     provenance
	file     *document // nil without a TOML file
	named    origin    // of legacy.settings in file
	settings *settings // nil without a legacy settings file
	problems problems
}

// read reads the files, the TOML file first because it may name the settings file.
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
		err = configError(l.named.problem(path, err.Error()))
	}
	return err
}

// settingsPath returns the settings file that the TOML file or the flag names. If both do, they must agree.
func (l *loader) settingsPath(s Sources) (string, error) {
	var early Config
	from := provenance{}
	l.file.decode(fields(&early), from) // join reports the problems
	named := early.Legacy.Settings
	l.named = from.at("legacy.settings")
	if named == "" {
		return s.Settings, nil
	}
	if !filepath.IsAbs(named) {
		named = filepath.Join(filepath.Dir(s.Config), named)
	}
	if s.Settings == "" || Absolute(".", s.Settings) == Absolute(".", named) {
		return named, nil
	}
	return "", configError(l.named.problem(early.Legacy.Settings, fmt.Sprintf("contradicts --settings %q", s.Settings)))
}

// join lets each source override those before it.
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

// required reports missing values that have no default.
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

// complete sets the values that follow from a settings file.
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

// unused returns notes about values that are not the default and have no effect.
func (l *loader) unused() []string {
	keys, why := []string{"php.script", "php.status_path", "php.reserve", "php.resident_fastcgi"}, "without php.fastcgi"
	if l.cfg.PHP.External() {
		keys = []string{"php.fpm", "php.workers", "php.user", "php.group", "php.memory_limit", "php.ini"}
		why = "with a php-fpm that wsbridge does not run"
	}
	values, defaults := fields(&l.cfg), fields(&l.defaults)
	var notes []string
	for _, key := range keys {
		if !reflect.DeepEqual(values[key], defaults[key]) {
			notes = append(notes, fmt.Sprintf("%s has no effect %s", l.from.at(key), why))
		}
	}
	return notes
}

// absolute makes paths absolute. Those that are still relative start at dir.
func (l *loader) absolute(dir string) {
	php := &l.cfg.PHP
	for _, path := range [...]*string{&php.RunDir, &php.EventsFile, &php.SettingsFile, &php.Script, &l.cfg.Pipe.Path,
		&l.cfg.Server.TLSCert, &l.cfg.Server.TLSKey, &l.cfg.Server.ACMECache, &l.cfg.Log.Folder} {
		*path = Absolute(dir, *path)
	}
	if l.cfg.Journal.Dir != AutoAddress {
		l.cfg.Journal.Dir = Absolute(dir, l.cfg.Journal.Dir)
	}
	l.cfg.Control.absolute(dir)
	if strings.Contains(php.FPM, "/") { // else a command, found in PATH
		php.FPM = Absolute(dir, php.FPM)
	}
}

// Absolute returns path as an absolute one; a relative path starts at dir. An empty path stays empty. Without a working directory a
// relative path stays relative.
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
