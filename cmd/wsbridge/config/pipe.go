package config

// Pipe is about the named pipe.
type Pipe struct {
	Path        string   `toml:"path"` // absolute; empty: no pipe
	Mode        FileMode `toml:"mode"`
	MaxDocument ByteSize `toml:"max_document"`
}

func (c *checker) pipe(p *Pipe) {
	c.require(p.Mode != 0 && p.Mode&^0o777 == 0, "pipe.mode", p.Mode, `want permission bits, such as "0660"`)
	c.size("pipe.max_document", p.MaxDocument, 1)
}
