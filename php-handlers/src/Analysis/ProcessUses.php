<?php
namespace Wsbridge\Analysis;

/** Records, while a unit is scanned, what it does with what a process has once. OneProcess tells later what follows from it. */
final class ProcessUses
{
    private $scanner;
    private $program;
    private $unit;
    private $code;
    private $source;

    public function __construct(Scanner $scanner)
    {
        $this->scanner = $scanner;
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
    }

    /** Records a call of a function that is not the application's. The arguments follow $open; they are not known if that is 0. */
    public function call($name, $i, $open)
    {
        list($starts) = $open > 0 ? $this->source->elements($open) : [[]];
        $changed = ProcessWide::changed($name, $open > 0 ? count($starts) : PHP_INT_MAX);
        if ($changed !== '') {
            $constant = $changed === 'constants' && $starts !== [] ? Unit::last((string) $this->source->literal($starts[0])) : null;
            $value = isset($starts[1]) ? $starts[1] : 0;
            $this->add('change', $changed, $name . '()', $i, ['constant' => $constant, 'value' => $value]);
        } elseif (($name === 'defined' || $name === 'constant') && $starts !== [] && $this->source->literal($starts[0]) !== null) {
            $this->unit->constants += [Unit::last($this->source->literal($starts[0])) => $this->scanner->place($i)];
        } elseif ($name === 'defined' || $name === 'constant') {
            $this->add('read', 'constants', $name . '()', $i);
        }
        $read = ProcessWide::read($name);
        if ($read !== '' && $changed === '') {
            $this->add('read', $read, $name . '()', $i);
        }
        if (ProcessWide::isOwn($name, count($starts))) {
            $this->add('own', 'call', $name . '()', $i);
        }
        $argument = count($starts) === 1 ? $this->source->literal($starts[0]) : null;
        $request = RequestUses::ofCall($name, $argument);
        if ($request !== '') {
            $this->scanner->reach($request, 'calls ' . $name . '()', $i);
        }
    }

    /** Records the use of a superglobal, by itself or, if $i is $GLOBALS, by its name there. The next token follows. */
    public function superglobalOfClient($name, $i, $next)
    {
        $element = $this->source->matches($next, ['[', T_CONSTANT_ENCAPSED_STRING, ']']) ? $this->source->literal($next + 1) : null;
        $request = RequestUses::ofSuperglobal($name, $element);
        if ($request !== '') {
            $this->scanner->reach($request, 'uses $' . $name, $i);
        }
    }

    public function staticMethod($class, $method, $i)
    {
        $class = Unit::short($class);
        $isOwn = in_array($class, ['self', 'static', 'parent'], true);
        foreach ($this->program->ancestors($isOwn ? $this->unit->class : $class) as $of) {
            $name = $of . '::' . $method;
            if (isset(ProcessWide::METHODS[$name])) {
                $this->add('change', ProcessWide::METHODS[$name], $name . '()', $i);
            }
        }
    }

    /** Records that code other than a call changes a state. $what says so, as "uses eval". */
    public function changes($state, $what, $i)
    {
        $this->add('change', $state, $what, $i);
    }

    /** Records that code other than a call depends on a state. */
    public function reads($state, $what, $i)
    {
        $this->add('read', $state, $what, $i);
    }

    /** Records the include of a file; null for one whose name is not known. */
    public function includeOf($file, $i)
    {
        $this->scanner->reach('single', $file === null ? 'includes a file' : 'includes ' . basename($file), $i);
        $this->add('include', 'names', $file === null ? 'includes a file' : 'includes ' . basename($file), $i, ['included' => $file]);
    }

    /** Records a name that may be a constant. */
    public function constant($i)
    {
        if ($this->source->kinds[$i + 1] !== '(' && !in_array($this->source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON], true)) {
            $this->unit->constants += [$this->code->constantName($i) => $this->scanner->place($i)];
        }
    }

    /** Records the static variables that are declared at $i, or the static property that is used there. */
    public function statics($i)
    {
        if ($this->source->kinds[$i] === T_STATIC) {
            foreach (Statics::at($this->program, $this->unit, $this->code, $i) as $at => $name) {
                $this->unit->staticVariables[] = $this->scanner->place($at) + ['name' => $name];
            }
            return;
        }
        $next = $this->source->kinds[$i + 1];
        if ($next === '$' || $next === '{') {
            $this->add('own', '', 'uses a static property by a name that is computed', $i);
        } elseif ($next === T_VARIABLE && $this->source->kinds[$i + 2] !== '(') {
            $name = Statics::property($this->unit, $this->source, $i);
            $this->shared('::' . $this->source->texts[$i + 1], $name, $i - 1, $i + 2);
        }
    }

    /** Records the use of a superglobal that is not made anew for each event. */
    public function superglobal($i)
    {
        $this->shared($this->source->texts[$i], $this->source->texts[$i], $i, $i + 1);
    }

    /** Records that a row is given what no process can pass on. */
    public function row($i)
    {
        $write = Variables::write($this->program, $this->code, $i, $i + 1);
        $isValue = $write !== null && in_array($write[0], ['assign', 'element'], true);
        $held = $isValue ? (string) ProcessBound::of($this->program, $this->code, $write[1], 2) : '';
        if ($held !== '') {
            $this->add('own', '', 'keeps ' . $held . ' in a row', $i);
        }
    }

    private function shared($key, $name, $start, $next)
    {
        $write = Variables::write($this->program, $this->code, $start, $next);
        $this->unit->shared[$key][] = $this->scanner->place($next - 1)
            + ['name' => $name, 'kind' => $write === null ? null : $write[0], 'value' => $write === null ? 0 : $write[1]];
    }

    private function add($kind, $state, $what, $i, array $more = [])
    {
        $this->unit->processWide[] = $this->scanner->place($i) + ['kind' => $kind, 'state' => $state, 'what' => $what] + $more;
    }
}
