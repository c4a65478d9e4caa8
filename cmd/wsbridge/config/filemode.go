package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// FileMode is a file's permission bits, written as an octal string with a leading zero: "0660".
type FileMode fs.FileMode

// UnmarshalText requires the leading zero. Without it, decimal digits could be taken for octal ones.
func (m *FileMode) UnmarshalText(text []byte) error {
	s := string(text)
	v, err := strconv.ParseUint(s, 8, 32)
	if err != nil || len(s) != 4 || s[0] != '0' {
		return errors.New(`want permission bits as a string, such as "0660"`)
	}
	*m = FileMode(v)
	return nil
}

// Std returns m as the standard library's type.
func (m FileMode) Std() fs.FileMode { return fs.FileMode(m) }

func (m FileMode) String() string { return fmt.Sprintf("%04o", uint32(m)) }
