<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds variables and constants whose values belong to one process: a handler writes them, or each process makes its own. */
final class ProcessValues
{
    private $program;
    private $process;
    private $repeatable;

    /** All uses of static properties, superglobals and global variables by name, each with its "unit"; null as "kind": read only. */
    private $uses = [];

    /** Variables that handlers use and each process may give another value, with that place, by name. */
    public $differing = [];

    /** Constants that handlers define or that each process gives another value, with that place. */
    private $constants = [];

    /** Those of them that code defines which runs when a process starts, as keys. */
    private $starting = [];

    public function __construct(Program $program, OneProcess $process, Globals $globals)
    {
        $this->program = $program;
        $this->process = $process;
        $this->repeatable = new Repeatable($program);
        $living = array_filter($globals->all(), function ($global) {
            return $global['lives'];
        });
        foreach ($program->units() as $unit) {
            foreach ($unit->shared as $name => $uses) {
                foreach ($uses as $use) {
                    $this->uses[$name][] = $use + ['unit' => $unit];
                }
            }
            foreach (array_diff_key($unit->reads, $living) as $name => $place) {
                $this->globalUses($unit, $name, $place);
            }
            $this->constantsOf($unit);
        }
    }

    /** Records which units need the one process for a value that they use. */
    public function find()
    {
        foreach ($this->program->units() as $unit) {
            foreach ($unit->staticVariables as $variable) {
                $uses = $this->process->isStart($unit, $variable) ? null : $this->staticUses($unit, $variable);
                $found = $uses === null || $uses === [] ? null : $this->judge($uses);
                if ($uses === [] || $found !== null && $found['bad'] !== null) {
                    $unit->reach('process', 'keeps static variable ' . $variable['name'], $variable['file'], $variable['line']);
                } elseif ($found !== null && $found['makers'] !== []) {
                    $unit->reach('single', 'keeps a connection in static variable ' . $variable['name'], $variable['file'], $variable['line']);
                }
            }
            foreach (array_intersect_key($unit->constants, $this->constants) as $name => $place) {
                if (!$this->process->isStart($unit, $place)) {
                    $unit->reach('process', 'uses constant ' . $name . ', ' . $this->constants[$name], $place['file'], $place['line']);
                    $this->differing += isset($this->starting[$name]) ? ['constant ' . $name => $place] : [];
                }
            }
        }
        foreach ($this->uses as $uses) {
            $found = $this->judge($uses);
            foreach ($uses as $use) {
                $isStart = $this->process->isStart($use['unit'], $use);
                if (!$isStart && $found['makers'] !== []) {
                    $use['unit']->reach('single', 'uses the connection in ' . $use['name'], $use['file'], $use['line']);
                }
                $why = $isStart ? '' : $this->why($use, $found);
                if ($why === '') {
                    continue;
                }
                $use['unit']->reach('process', $why, $use['file'], $use['line']);
                if ($found['bad'] !== null && $this->process->isStart($found['bad']['unit'], $found['bad'])) {
                    $this->differing += [$use['name'] => $found['bad']];
                }
            }
        }
    }

    private function globalUses(Unit $unit, $name, array $place)
    {
        $about = ['unit' => $unit, 'name' => '$' . $name, 'variable' => '$' . $name];
        foreach (isset($unit->writes[$name]) ? $unit->writes[$name] : [] as $write) {
            $this->uses['$' . $name][] = $write + $about;
        }
        $this->uses['$' . $name][] = $place + $about + ['kind' => null, 'value' => 0];
    }

    private function constantsOf(Unit $unit)
    {
        foreach ($unit->processWide as $use) {
            if ($use['state'] !== 'constants' || empty($use['constant'])) {
                continue;
            }
            if (!$this->process->isStart($unit, $use)) {
                $this->constants[$use['constant']] = 'which ' . $unit->label . ' defines';
            } elseif (!$this->repeatable->isExpression($use['code'], $use['value'])) {
                $this->constants += [$use['constant'] => 'which each process may give another value'];
                $this->starting[$use['constant']] = true;
            }
        }
    }

    /** Says why a use of a name needs the one process, or returns "". */
    private function why(array $use, array $found)
    {
        $bad = $found['bad'];
        if ($bad === null) {
            return $found['makers'] === [] || $found['made'] || $this->makes($use['unit'], $found['makers']) ? ''
                : 'uses ' . $use['name'] . ' and does not open it';
        }
        if ($this->process->isStart($bad['unit'], $bad)) {
            return 'uses ' . $use['name'] . ', which each process may give another value';
        }
        return $use['unit'] === $bad['unit'] ? 'writes ' . $use['name'] . ', which only its process keeps'
            : 'uses ' . $use['name'] . ', which ' . $bad['unit']->label . ' writes';
    }

    /** Returns "bad": the write that makes a value belong to one process, or null; and who opens the connection that it is otherwise. */
    private function judge(array $uses)
    {
        $found = ['bad' => null, 'made' => false, 'makers' => []];
        $doubtful = [];
        foreach ($uses as $use) {
            if ($use['kind'] === null) {
                continue;
            }
            $isStart = $this->process->isStart($use['unit'], $use);
            if (Handles::isConnection($this->program, $use) && ($isStart || Handles::isWhenNeeded($use))) {
                $found['makers'][Value::identity($use['unit'])] = $use['unit'];
                $found['made'] = $found['made'] || $isStart;
            } elseif ($use['kind'] === 'touch' || $use['kind'] === 'assign' && !$isStart && $this->isNothing($use)) {
                $doubtful[] = $use; // right for a connection only
            } elseif (!$isStart || !$this->repeatable->isWrite($use)) {
                $found['bad'] = $found['bad'] ?: $use;
            }
        }
        if ($found['bad'] === null && $found['makers'] === [] && $doubtful !== []) {
            $found['bad'] = $doubtful[0];
        }
        return $found;
    }

    private function isNothing(array $use)
    {
        return ProcessBound::of($this->program, $use['code'], $use['value'], 0) === '';
    }

    /** Reports whether a unit opens a connection, or calls a unit that does. */
    private function makes(Unit $unit, array $makers)
    {
        foreach ($makers as $maker) {
            if ($maker === $unit || $this->calls($unit, $maker)) {
                return true;
            }
        }
        return false;
    }

    /** Reports whether a unit certainly calls another: one that it names, and that no other function or method has the name of. */
    private function calls(Unit $unit, Unit $maker)
    {
        if (count($maker->codes) > 1) {
            return false;
        }
        if ($maker->class === '') {
            return isset($unit->functions[$maker->name]);
        }
        return isset($unit->methods[$maker->name]) && $this->program->methods[$maker->name] === [$maker] && Php::classesWith($maker->name) === [];
    }

    /** Returns the uses of a static variable in its function, or an empty array if its first value differs from process to process. */
    private function staticUses(Unit $unit, array $variable)
    {
        $source = $variable['code']->source;
        $name = $source->texts[$variable['at']];
        if ($source->kinds[$variable['at'] + 1] === '=' && !$this->repeatable->isExpression($variable['code'], $variable['at'] + 2)) {
            return [];
        }
        $uses = [['kind' => null, 'unit' => $unit] + $variable];
        foreach ($variable['code']->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                $isIt = $source->kinds[$i] === T_VARIABLE && $source->texts[$i] === $name && $i !== $variable['at'];
                $write = $isIt && $source->kinds[$i - 1] !== T_DOUBLE_COLON
                    ? Variables::write($this->program, $variable['code'], $i, $i + 1) : null;
                if ($write !== null) {
                    $uses[] = ['kind' => $write[0], 'value' => $write[1], 'at' => $i, 'unit' => $unit] + $variable;
                }
            }
        }
        return $uses;
    }
}
