package phphandlers

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
)

// requireLine is a line of loadFile, with the name of the file that it requires.
var requireLine = regexp.MustCompile(`(?m)^require __DIR__ \. '/(\w+\.php)';\n`)

// opening starts each file of a class.
const opening = "<?php\n"

// joined returns loadFile with the files that it requires in place of its lines: to include a file costs PHP as much as a few methods.
func joined(load []byte) ([]byte, error) {
	var failed error
	content := requireLine.ReplaceAllFunc(load, func(line []byte) []byte {
		name := string(requireLine.FindSubmatch(line)[1])
		text, err := files.ReadFile(path.Join(path.Dir(loadFile), name))
		code, isOpened := bytes.CutPrefix(text, []byte(opening))
		if err == nil && !isOpened {
			err = fmt.Errorf("%s does not start with %q", name, opening)
		}
		if err != nil {
			failed = err
		}
		return code
	})
	return content, failed
}
