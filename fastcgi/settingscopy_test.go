package fastcgi

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestDescribeKeepsACopyOfTheSettingsForPHPAlone(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t, func(cfg *Config) { cfg.SettingsCopies = s.dir })
	for _, content := range []string{"first", "first", "second", ""} { // the settings change, and are removed
		source := ""
		if content != "" {
			source = fmt.Sprintf("<?php return %q;", content)
		}
		if err := os.WriteFile(s.spool("settings"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := c.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Settings != nil {
			t.Errorf("the description has kept the settings")
		}
		copies, err := filepath.Glob(s.path("settings-*"))
		if err != nil {
			t.Fatal(err)
		}
		if content == "" {
			if len(copies) > 0 {
				t.Errorf("%v are left", copies)
			}
			continue
		}
		if len(copies) != 1 {
			t.Fatalf("%q: there are %v", content, copies)
		}
		info, err := os.Stat(copies[0])
		if err != nil || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		var read, told string
		askJSON(t, c, nil, "include:"+copies[0], &read)
		askJSON(t, c, nil, "copy:", &told)
		if read != content || told != copies[0] {
			t.Errorf("PHP reads %q, and is told of %s instead of %s", read, told, copies[0])
		}
	}
}
