<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds what a handler reaches, by itself and through everything that it can call. */
final class Reach
{
    private $program;

    /** The names of functions that the application's code calls, as keys. */
    private $called = [];

    private $implicit = [];
    private $closures = [];

    public function __construct(Program $program)
    {
        $this->program = $program;
        foreach ($program->units() as $unit) {
            Scanner::scan($program, $unit);
            $this->called += $unit->functions;
            if ($unit->isImplicit) {
                $this->implicit[] = $unit;
            }
        }
        foreach ($program->units() as $unit) {
            $this->called += $unit->callsAnything ? $program->functions : [];
        }
        foreach ($program->functions as $name => $unit) {
            if (isset($this->called[$name])) {
                $this->addKeyed($unit);
            }
        }
    }

    /** Returns all units that a unit can call, itself first, then breadth first: pairs of a unit and its caller. */
    public function closure(Unit $unit)
    {
        $key = Value::identity($unit);
        if (isset($this->closures[$key])) {
            return $this->closures[$key];
        }
        $found = [$key => [$unit, null]];
        $queue = [$unit];
        for ($at = 0; isset($queue[$at]); $at++) {
            $called = $this->calledBy($queue[$at]);
            foreach ($at === 0 ? array_merge($called, $this->implicit) : $called as $next) {
                $hash = Value::identity($next);
                if (!isset($found[$hash])) {
                    $found[$hash] = [$next, $queue[$at]];
                    $queue[] = $next;
                }
            }
        }
        return $this->closures[$key] = array_values($found);
    }

    /** Tells why a unit reaches "table", "sockets" or "any", or returns null. */
    public function cause(Unit $unit, $what)
    {
        foreach ($this->closure($unit) as $reached) {
            list($of, $caller) = $reached;
            $cause = isset($of->causes[$what]) ? $of->causes[$what] : ($what !== 'process' && $this->isNamed($of, $unit) ? $of->loads : null);
            if ($cause !== null) {
                if ($of !== $unit) {
                    $cause['why'] = $of->label . ' ' . $cause['why'] . ($caller === $unit ? '' : ', called by ' . $caller->label);
                }
                return $cause;
            }
        }
        return null;
    }

    /** Reports whether something that a unit can call names an autoloader, which then loads more than classes. */
    private function isNamed(Unit $autoloader, Unit $unit)
    {
        foreach ($autoloader->loads === null ? [] : $this->closure($unit) as $reached) {
            $named = $autoloader->class === '' ? $reached[0]->functions : $reached[0]->methods;
            if (isset($named[$autoloader->name]) || $reached[0]->callsAnything) {
                return true;
            }
        }
        return false;
    }

    /** Reports whether a unit needs to know who is open. broadcast_to_all() does if the handler may change that. */
    public function peers(Unit $unit)
    {
        $broadcasts = $namesState = false;
        foreach ($this->closure($unit) as $reached) {
            if ($reached[0]->peers) {
                return true;
            }
            $broadcasts = $broadcasts || $reached[0]->broadcasts;
            $namesState = $namesState || $reached[0]->namesState;
        }
        return $broadcasts && $namesState;
    }

    private function calledBy(Unit $unit)
    {
        $program = $this->program;
        if ($unit->callsAnything) {
            return $program->units();
        }
        $functions = $unit->functions + $unit->registers;
        if ($unit->closes) {
            $functions += ['ws_server_before_close' => true, 'ws_server_after_close' => true];
        }
        $units = array_values(array_intersect_key($program->functions, $functions));
        // Any called method may be one that its class handles in __call().
        $methods = $unit->methods + $unit->registers;
        $names = $methods === [] ? [] : $methods + ['__call' => true, '__callstatic' => true];
        foreach (array_intersect_key($program->methods, $names) as $methods) {
            $units = array_merge($units, $methods);
        }
        foreach (array_keys($unit->classes) as $class) {
            $units = array_merge($units, $program->constructors($class));
        }
        return $units;
    }

    /** Records what holds only for a handler that the application calls itself, perhaps with another client's key. */
    private function addKeyed(Unit $unit)
    {
        $unit->peers = $unit->peers || $unit->keyedPeers;
        foreach ($unit->keyed as $cause) {
            $unit->reach('table', $cause['why'], $cause['file'], $cause['line']);
        }
    }
}
