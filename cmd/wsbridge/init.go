package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/operate"
)

func newInitCommand() *cobra.Command {
	var settings, output string
	var force bool
	cmd := &cobra.Command{
		Use:   "init --settings FILE [--output FILE] [--force]",
		Short: "Write a wsbridge.toml from a legacy settings file",
		Long: `Writes a TOML file that explains every key and has the values of the legacy settings file. A
server started with it does the same as one started with the settings file. The new file
names the settings file, whose other keys stay constants in PHP. They are not copied, since
they may be passwords.`,
		Example: `  wsbridge init --settings /etc/push/server_shared.conf --output /etc/wsbridge/wsbridge.toml`,
		Args:    operate.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if settings == "" {
				return errors.New("init needs --settings FILE (see wsbridge init --help)")
			}
			text, err := config.Annotate(settings)
			if err != nil {
				return err
			}
			if output == "-" {
				_, err = io.WriteString(cmd.OutOrStdout(), text)
				return err
			}
			if err := writeNew(output, text, force); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is written. To try it: wsbridge check --config %[1]s\n", output)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&settings, "settings", "", "legacy settings `FILE` (KEY=VALUE lines)")
	flags.StringVar(&output, "output", "wsbridge.toml", "`FILE` to write; - is standard output")
	flags.BoolVar(&force, "force", false, "replace a file that is there")
	return cmd
}

// writeNew writes a whole file or none, and replaces a file only if forced.
func writeNew(path, text string, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s exists: --force replaces it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".wsbridge-*.toml")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // which a rename has moved away
	const readable = 0o644
	_, writeErr := f.WriteString(text)
	if err := errors.Join(writeErr, f.Chmod(readable), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if force {
		return os.Rename(f.Name(), path)
	}
	err = os.Link(f.Name(), path) // unlike a rename, this replaces no file that was made meanwhile
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: --force replaces it", path)
	}
	return err
}
