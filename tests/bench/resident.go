package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// figureGroup measures figures for which the same programs run.
type figureGroup struct {
	name    string
	measure func(context.Context, *residents) ([]figure, error)
}

func figureGroups() []figureGroup {
	return []figureGroup{
		{"echo", measureEcho},
		{"serial", measureSerial},
		{"large", measureLarge},
		{"table", measureTable},
		{"handshakes", measureHandshakes},
		{"slow", measureSlow},
		{"requests", measureRequests},
		{"idle", measureIdleClients},
		{"worker", measureWorker},
	}
}

func figureGroupNames() (names []string) {
	for _, g := range figureGroups() {
		names = append(names, g.name)
	}
	return names
}

// residents is what the groups share: wsbridge as it was, and as it is.
type residents struct {
	options
	old      string // the program of -against
	knowsKey bool   // of -wsbridge: php.resident
}

// measureResidents compares wsbridge, whose PHP workers may be resident, with itself as it was and with other programs.
func measureResidents(ctx context.Context, o options) (err error) {
	groups, err := o.figureGroups()
	if err != nil {
		return err
	}
	dir, err := buildCommit(ctx, o.against)
	if err != nil {
		return fmt.Errorf("-against %q: %w", o.against, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &residents{options: o, old: builtBinary(dir)}
	if b.knowsKey, err = knowsKey(ctx, o.binary, "resident"); err != nil {
		return err
	}
	var all []figure
	for _, g := range groups {
		some, err := g.measure(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		all = append(all, some...)
		printFigures(some) // a later group may fail
		fmt.Println()
	}
	fmt.Printf("\n%s, and before it %s; medians of %d rounds\n\n", o.binary, o.against, o.rounds)
	printFigures(all)
	return nil
}

// figureGroups are those of -figures.
func (o options) figureGroups() (chosen []figureGroup, err error) {
	for _, name := range o.figures {
		i := slices.IndexFunc(figureGroups(), func(g figureGroup) bool { return g.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-figures %s: no such group", name)
		}
		chosen = append(chosen, figureGroups()[i])
	}
	return chosen, nil
}

// knowsKey asks a wsbridge whether its configuration has a key in [php].
func knowsKey(ctx context.Context, binary, key string) (bool, error) {
	dir, err := writeApplication(echoing)
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	printed, err := output(ctx, ".", binary, "config", "--settings", dir+"/server_shared.conf", "--print")
	if err != nil {
		return false, err
	}
	_, php, _ := strings.Cut(printed, "[php]")
	php, _, _ = strings.Cut(php, "\n[")
	return strings.Contains(php, "\n"+key+" = "), nil
}

// now is the wsbridge of -wsbridge, in its default configuration.
func (b *residents) now(source string) setup {
	return setup{binary: b.binary, source: source, isolation: "auto", workers: workers}
}

// before is that of -against.
func (b *residents) before(source string) setup {
	with := b.now(source)
	with.binary = b.old
	return with
}

// perRequest is now without resident workers. A wsbridge that does not know the key has none.
func (b *residents) perRequest() setup {
	with := b.now(echoing)
	if b.knowsKey {
		with.php = "resident = \"off\"\ntimeout = \"30s\"\n" // without a time limit, events share no request
	}
	return with
}

// echoJob is the common job: all clients echo a small text.
func (b *residents) echoJob() job {
	return job{clients: b.clients, length: b.duration, ask: echoOf(message)}
}

// echoAlone is that of one client.
func (b *residents) echoAlone() job {
	j := b.echoJob()
	j.clients, j.length = 1, b.duration/2
	return j
}
