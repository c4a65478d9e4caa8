<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/**
 * Finds references to rows that are there after their function has returned. By such a reference any code changes a row, without
 * naming $connections.
 */
final class RowReferences
{
    private $program;
    private $holding;

    /** The variables that are $connections, a row or a part of one, by the identity of their code: names with the dollar sign, as keys. */
    private $rows = [];

    /** Returns the places of such references, with "unit" and whether it is "certain" that what has the reference is kept. */
    public static function find(Program $program)
    {
        $finder = new self($program);
        while ($finder->spread());
        $found = [];
        foreach ($program->units() as $unit) {
            foreach ($unit->codes as $code) {
                foreach ($finder->references($code) as $i) {
                    $found[] = ['unit' => $unit, 'certain' => $finder->isCertain($code, $i), 'code' => $code, 'at' => $i, 'file' => $code->source->file, 'line' => $code->source->lines[$i]];
                }
            }
        }
        return $found;
    }

    private function __construct(Program $program)
    {
        $this->program = $program;
        $this->holding = new Holding($program);
        foreach ($program->units() as $unit) {
            foreach ($unit->codes as $code) {
                $rows = array_intersect(Roles::of($unit, $code), ['connections', 'connection']);
                $this->rows[Value::identity($code)] = array_fill_keys(array_keys($rows), true);
            }
        }
    }

    /** Looks for variables that are rows because of what is known by now. Returns whether there are more. */
    private function spread()
    {
        $before = array_sum(array_map('count', $this->rows));
        foreach ($this->program->codes as $code) {
            foreach ($code->segments as $segment) {
                for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                    if ($code->source->kinds[$i] === T_VARIABLE && $this->isRow($code, $i)) {
                        $this->passed($code, $i);
                    }
                }
            }
        }
        return array_sum(array_map('count', $this->rows)) > $before;
    }

    private function isRow(Code $code, $i)
    {
        $source = $code->source;
        $name = $source->texts[$i];
        $hash = Value::identity($code);
        return isset($this->rows[$hash][$name]) || $name === '$GLOBALS' && $source->literal($i + 2) === 'connections'
            || $name === '$connections' && ($code->body === 0 || $source->kinds[$i - 1] === T_GLOBAL);
    }

    /** Notes which other variable is a row because the variable at $i is: one that refers to it, one of a loop, a parameter. */
    private function passed(Code $code, $i)
    {
        $source = $code->source;
        $hash = Value::identity($code);
        if ($source->kinds[$i - 1] === T_GLOBAL) {
            $this->rows[$hash][$source->texts[$i]] = true;
        }
        if ($source->matches($i - 3, [T_VARIABLE, '=', '&'])) {
            $this->rows[$hash][$source->texts[$i - 3]] = true;
        }
        $open = $source->outer[$i];
        if ($open > 0 && $source->kinds[$open - 1] === T_FOREACH) {
            for ($at = $i; $at < $source->after($open) - 1; $at++) {
                if ($source->matches($at, ['&', T_VARIABLE])) {
                    $this->rows[$hash][$source->texts[$at + 1]] = true;
                }
            }
        } elseif ($open > 0 && $source->kinds[$open] === '(') {
            $this->given($code, $open, $i);
        }
    }

    /** Notes that the parameters of what is called at $open are rows which take the argument at $i by reference. */
    private function given(Code $code, $open, $i)
    {
        list($kind, $name) = Calls::callee($code, $open);
        $units = [];
        if ($kind === 'function') {
            $units = isset($this->program->functions[$name]) ? [$this->program->functions[$name]] : [];
        } elseif ($kind === 'method' || $kind === 'static') {
            $units = isset($this->program->methods[$name]) ? $this->program->methods[$name] : [];
        } elseif ($kind === 'new') {
            $units = $this->program->constructors($name);
        }
        $position = array_search($i, $code->source->elements($open)[0], true);
        foreach ($position === false ? [] : $units as $unit) {
            foreach ($unit->codes as $called) {
                if (isset($called->parameters[$position]) && $called->parameters[$position]['reference']) {
                    $this->rows[Value::identity($called)][$called->parameters[$position]['name']] = true;
                }
            }
        }
    }

    /** Returns where a code makes references to rows that outlive it. */
    private function references(Code $code)
    {
        $source = $code->source;
        $found = [];
        foreach ($code->segments as $segment) {
            for ($i = max($segment[0], $code->close + 1); $i < $segment[1]; $i++) {
                if ($source->kinds[$i] === '&' && $source->kinds[$i + 1] === T_VARIABLE && $this->isRow($code, $i + 1) && $this->isKept($code, $i)) {
                    $found[] = $i;
                }
            }
        }
        return $found;
    }

    /** Reports whether the reference at $i goes to a global variable or a static property. An object may be gone after the event. */
    private function isCertain(Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i - 1] !== '=') {
            return false;
        }
        $start = Holding::pathStart($source, $i - 2);
        return $source->kinds[$start] === T_STRING || $source->kinds[$start] === T_STATIC || $source->texts[$start] === '$GLOBALS'
            || $source->texts[$start] !== '$this' && $this->holding->isGlobal($code, $source->texts[$start]);
    }

    private function isKept(Code $code, $i)
    {
        $source = $code->source;
        $open = $source->outer[$i];
        $before = $open > 0 ? $source->kinds[$open - 1] : ';';
        if ($source->kinds[$i - 1] === '=') {
            return $this->holding->outlives($code, $i);
        }
        if ($before === T_FUNCTION || $before === T_FOREACH || $source->kinds[$i - 1] === T_AS || $open === 0 || $source->kinds[$open] === '{') {
            return false; // a parameter, a loop, an operator
        }
        if ($before !== T_USE) {
            return in_array($source->kinds[$i - 1], ['[', '(', ',', T_DOUBLE_ARROW], true);
        }
        foreach ($code->closures as $range) {
            if ($i > $range[0] && $i < $range[1]) {
                return $this->isAssigned($code, $source->kinds[$range[0] - 1] === T_STATIC ? $range[0] - 2 : $range[0] - 1);
            }
        }
        return true;
    }

    /** Reports whether the "=" at $i, if it is one, assigns to what outlives the code. */
    private function isAssigned(Code $code, $i)
    {
        return $code->source->kinds[$i] === T_RETURN || $code->source->kinds[$i] === '='
            && ($code->source->kinds[$i - 1] !== T_VARIABLE || $this->holding->isGlobal($code, $code->source->texts[$i - 1]));
    }
}
