<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/**
 * Tells which handlers need the one process that runs all events: what they keep, change or depend on is in one process only. Any doubt
 * counts. Code that only runs when a process starts, outside of functions and in ws_server_initialize(), does the same in each.
 */
final class OneProcess
{
    private $program;
    private $reach;

    /** The units that handlers can call while the server runs, by hash. */
    private $reached = [];

    /** The first change of each state of ProcessWide that a handler may make: a use with its "unit". */
    private $changed = [];

    /** Why every handler needs the one process, or null. */
    private $all;

    private $values;

    private $rowReferences = [];

    /** The files that are included, also by autoloaders, as keys. */
    private $files;

    public function __construct(Program $program, Reach $reach, Globals $globals, array $handlers, $initializesOnce)
    {
        $this->program = $program;
        $this->reach = $reach;
        $this->files = array_flip(get_included_files());
        if (!$initializesOnce) {
            unset($handlers['ws_server_initialize']);
        }
        foreach ($handlers as $handler) {
            foreach ($reach->closure($handler) as $reached) {
                $this->reached[Value::identity($reached[0])] = $reached[0];
            }
        }
        foreach ($program->units() as $unit) {
            $this->changes($unit);
        }
        foreach ($program->units() as $unit) {
            $this->reads($unit);
            $this->late($unit);
        }
        $this->references();
        $this->values = new ProcessValues($program, $this, $globals);
        $this->values->find();
    }

    /** Returns the references to rows that handlers keep: places with "unit". */
    public function rowReferences()
    {
        return $this->rowReferences;
    }

    /** Records that a handler keeps a reference to rows: whatever uses it then changes rows, also those of events that run elsewhere. */
    private function references()
    {
        foreach (RowReferences::find($this->program) as $place) {
            if ($this->isStart($place['unit'], $place)) {
                continue;
            }
            $this->rowReferences[] = $place;
            if ($this->all === null) {
                $this->all = ['why' => $place['unit']->label . ' keeps a reference to rows, by which other code changes them, for all handlers',
                    'file' => $place['file'], 'line' => $place['line']];
            }
        }
    }

    /** Returns the variables that handlers use and that each process may give another value when it starts, with that place, by name. */
    public function differing()
    {
        return $this->values->differing;
    }

    /** Returns why a handler needs the one process, or null. */
    public function cause(Unit $handler)
    {
        return $this->reach->cause($handler, 'process') ?: $this->all;
    }

    /** Reports whether the code at a place of a unit runs only when a process starts. */
    public function isStart(Unit $unit, array $place)
    {
        return $unit->isFile ? !$place['code']->isInClosure($place['at']) : !isset($this->reached[Value::identity($unit)]);
    }

    /** Records what a unit changes in its process, and that it needs the one process for that. */
    private function changes(Unit $unit)
    {
        foreach ($unit->processWide as $use) {
            $isChange = $use['kind'] === 'change' || $use['kind'] === 'include' && $this->declares($use['included']);
            $isStart = $this->isStart($unit, $use);
            if (!$isChange || $isStart && $use['state'] !== 'random') {
                continue;
            }
            $this->changed += [$use['state'] => $use + ['unit' => $unit]];
            if ($isStart) {
                continue;
            }
            $does = $this->does($use);
            $cause = $does . ', ' . ($use['kind'] === 'include' ? 'which declares functions or classes in its process only'
                : ProcessWide::words($use['state']));
            $unit->reach('process', $cause, $use['file'], $use['line']);
            if (ProcessWide::isSeenByAll($use['state']) && $this->all === null) {
                $this->all = ['why' => $unit->label . ' ' . $cause . ', for all handlers', 'file' => $use['file'], 'line' => $use['line']];
            }
        }
    }

    /** Records that a unit depends on what a handler changes, or on what differs from process to process. */
    private function reads(Unit $unit)
    {
        foreach ($unit->processWide as $use) {
            if ($use['kind'] === 'own' && !$this->isStart($unit, $use)) {
                $unit->reach('process', $this->does($use) . ($use['state'] === 'call' ? ', which differs from process to process' : ''),
                    $use['file'], $use['line']);
            }
            if ($use['kind'] === 'read' && isset($this->changed[$use['state']]) && !$this->isStart($unit, $use)) {
                $change = $this->changed[$use['state']];
                $unit->reach('process', $this->does($use) . ', which depends on what ' . $change['unit']->label . ' does, which '
                    . $this->does($change), $use['file'], $use['line']);
            }
        }
    }

    /** Records that a unit uses a function or class that only an include in a function declares. */
    private function late(Unit $unit)
    {
        if (!isset($this->reached[Value::identity($unit)]) || $this->program->included === []) {
            return;
        }
        $units = array_merge(array_values(array_intersect_key($this->program->functions, $unit->functions)),
            array_values(array_intersect_key($this->program->classUnits, $unit->classes)));
        foreach (array_intersect_key($this->program->methods, $unit->methods) as $methods) {
            $units = array_merge($units, $methods);
        }
        foreach ($units as $used) {
            foreach ($used->codes as $code) {
                if (!isset($this->files[$code->source->file])) {
                    $at = $unit->codes[0];
                    $unit->reach('process', 'uses ' . $used->label . ' of ' . basename($code->source->file) . ', which only a handler includes',
                        $at->source->file, $at->source->lines[$at->segments[0][0]]);
                }
            }
        }
    }

    private function does(array $use)
    {
        return substr($use['what'], -2) === '()' ? 'calls ' . $use['what'] : $use['what'];
    }

    /** Reports whether a file declares functions, classes or constants, or may do so. */
    private function declares($file)
    {
        if ($file === null || !isset($this->program->sources[$file])) {
            return true;
        }
        foreach ($this->program->units() as $unit) {
            foreach ($unit->isFile ? $unit->processWide : $unit->codes as $part) {
                if ($unit->isFile ? $part['state'] === 'constants' && $part['file'] === $file : $part->source->file === $file) {
                    return true;
                }
            }
        }
        return false;
    }
}
