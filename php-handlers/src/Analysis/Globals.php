<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds the global variables that the application's functions may write, and whether their values can outlive an event. */
final class Globals
{
    const SUPER = 'GLOBALS,_SERVER,_GET,_POST,_FILES,_COOKIE,_SESSION,_REQUEST,_ENV,server,sockets,connections';

    private $program;
    private $reach;

    /** Whether ws_server_initialize runs once, not before each event. */
    private $initializesOnce;

    /** The handlers' units by name; those of handlers that may write any global; what closures at file scope write, by name. */
    private $handlers;
    private $any = [];
    private $shared = [];

    /** The writes by functions: lists by name. And whether a variable may hold an object or a reference, by name. */
    private $writes = [];
    private $holders = [];
    private $holding;

    /** The first write by which code that runs when a process starts gives a variable another value in each, by name. */
    private $differing = [];

    /** What all() returns. */
    private $all;

    public function __construct(Program $program, Reach $reach, array $handlers, $initializesOnce)
    {
        $this->program = $program;
        $this->reach = $reach;
        $this->handlers = $handlers;
        $this->initializesOnce = $initializesOnce;
        foreach ($program->units() as $unit) {
            foreach ($unit->writes as $name => $writes) {
                $this->addWrites($unit, $name, $writes);
            }
        }
        foreach ($handlers as $name => $unit) {
            if ($reach->cause($unit, 'any') !== null || isset($program->file->causes['any'])) {
                $this->any[$name] = $unit;
            }
        }
        foreach ($this->any === [] ? [] : $program->units() as $unit) {
            foreach ($unit->isFile ? [] : $unit->reads as $name => $place) {
                $this->writes += [$name => []]; // a handler that may write any global may write this one
            }
        }
        $this->holding = new Holding($program);
        foreach ($program->units() as $unit) {
            foreach (array_keys($unit->isFile ? $unit->closureReads : $unit->reads) as $name) {
                $this->holders += [$name => $this->holds((string) $name)];
                if ($this->holders[$name]) {
                    $this->writes += [$name => []]; // code that reads it can change what is in it
                    $this->shared += $unit->isFile ? [$name => $unit->closureReads[$name]] : [];
                }
            }
        }
        $this->findDiffering();
        ksort($this->writes);
    }

    /** Reports whether a name is PHP's or the server's, not the application's. */
    public static function isOurs($name)
    {
        return in_array($name, explode(',', self::SUPER), true);
    }

    /** Returns all variables by name: whether they live, and why. */
    public function all()
    {
        if ($this->all === null) {
            $this->all = [];
            foreach (array_keys($this->writes) as $name) {
                $this->all[$name] = $this->describe((string) $name);
            }
        }
        return $this->all;
    }

    /** Reports whether a variable may hold an object or a reference. */
    public function isHolder($name)
    {
        return !empty($this->holders[$name]);
    }

    /** Returns two lists of names: what a handler only reads, and what it may write. */
    public function touched(Unit $handler)
    {
        $writes = $this->shared;
        $reads = [];
        foreach ($this->reach->closure($handler) as $reached) {
            $unit = $reached[0];
            if ($unit->isFile) {
                continue;
            }
            $writes += $unit->writes;
            foreach (array_intersect_key($unit->reads, $this->writes) as $name => $place) {
                if (!empty($this->holders[$name])) {
                    $writes[$name] = true;
                }
                $reads[$name] = true;
            }
        }
        $writes = array_intersect_key($this->writes, $writes);
        $reads = array_diff_key(array_intersect_key($this->writes, $reads), $writes);
        return [array_map('strval', array_keys($reads)), array_map('strval', array_keys($writes))];
    }

    private function addWrites(Unit $unit, $name, array $writes)
    {
        foreach ($writes as $write) {
            if ($unit->isFile && !$write['closure'] && !$this->isShared($write)) {
                continue;
            }
            $this->writes[$name][] = $write + ['unit' => $unit];
            if ($unit->isFile) {
                $this->shared += [$name => $write];
            }
        }
    }

    /** Reports whether a write at file scope makes a reference by which functions may write. One to another global does not count. */
    private function isShared(array $write)
    {
        $source = $write['code']->source;
        $at = $write['at'];
        return $write['kind'] === 'reference' && !($source->matches($at - 3, [T_VARIABLE, '=', '&', T_VARIABLE, ';']));
    }

    /** Finds the variables that functions use, and that code which runs when a process starts gives another value each time. */
    private function findDiffering()
    {
        $repeatable = new Repeatable($this->program);
        $starting = $this->reach->closure($this->program->file);
        if (!$this->initializesOnce && isset($this->handlers['ws_server_initialize'])) {
            $starting = array_merge($starting, $this->reach->closure($this->handlers['ws_server_initialize']));
        }
        $read = [];
        foreach ($this->program->units() as $unit) {
            $read += $unit->isFile ? $unit->closureReads : $unit->reads;
        }
        foreach ($starting as $reached) {
            $unit = $reached[0];
            foreach (array_intersect_key($unit->writes, $read) as $name => $writes) {
                foreach (self::isOurs((string) $name) ? [] : $writes as $write) {
                    $isStart = !$unit->isFile || !$write['closure'];
                    if ($isStart && !isset($this->differing[$name]) && !$repeatable->isWrite($write)) {
                        $this->differing[$name] = $write;
                        $this->writes += [$name => []];
                    }
                }
            }
        }
    }

    private function describe($name)
    {
        $cause = $this->living($name);
        if ($cause['lives']) {
            $bound = $this->bound($name);
            $cause = ($bound === null ? $cause : $bound);
        }
        return $cause + ($cause['lives'] ? array_filter(['differs' => isset($this->differing[$name]), 'holds' => !empty($this->holders[$name])]) : []);
    }

    /** Tells whether the next event has to see what an event writes, and which code writes it. */
    private function living($name)
    {
        if (isset($this->shared[$name])) {
            return $this->cause(true, 'a closure, or a reference to it, may write it', $this->shared[$name]);
        }
        foreach ($this->handlers as $event => $handler) {
            if ($event === 'ws_server_initialize' && !$this->initializesOnce) {
                continue;
            }
            foreach ($this->reach->closure($handler) as $reached) {
                $unit = $reached[0];
                if ($unit->isFile) {
                    continue;
                }
                if (isset($unit->writes[$name])) {
                    return $this->cause(true, $unit->label . ' writes it', $unit->writes[$name][0]);
                }
                if (!empty($this->holders[$name]) && isset($unit->reads[$name])) {
                    return $this->cause(true, $unit->label . ' uses it, which may change what is in it', $unit->reads[$name]);
                }
            }
            if (isset($this->any[$event])) {
                $any = $this->reach->cause($handler, 'any') ?: $this->program->file->causes['any'];
                return $this->cause(true, $event . '() may write it: ' . $any['why'], $any);
            }
        }
        if (isset($this->differing[$name]) && !$this->isLarge($name)) {
            return $this->cause(true, 'each process would give it another value', $this->differing[$name]);
        }
        $first = isset($this->writes[$name][0]) ? $this->writes[$name][0] : ['file' => '', 'line' => 0];
        $initializes = $this->isWrittenBy('ws_server_initialize', $name);
        return $this->cause(false, $initializes ? 'only ws_server_initialize() fills it, before any handler runs'
            : 'no handler calls what writes it', $first);
    }

    /** Reports whether a handler, or what it calls, writes a variable. */
    public function isWrittenBy($event, $name)
    {
        foreach (isset($this->handlers[$event]) ? $this->reach->closure($this->handlers[$event]) : [] as $reached) {
            if (!$reached[0]->isFile && isset($reached[0]->writes[$name])) {
                return true;
            }
        }
        return false;
    }

    /** Tells why a variable's value cannot be carried, or returns null. */
    private function bound($name)
    {
        $file = isset($this->program->file->writes[$name]) ? $this->program->file->writes[$name] : [];
        $writes = array_merge(isset($this->writes[$name]) ? $this->writes[$name] : [], $file);
        $first = $writes === [] ? ['file' => '', 'line' => 0] : $writes[0];
        $what = '';
        foreach ($writes as $write) {
            $made = $this->made($write);
            if ($made !== null && $made !== '' && $what === '') {
                $first = $write;
            }
            $what = $made === null || $what === null ? null : ($made === '' ? $what : $made);
        }
        $present = $this->present($name);
        $what = $present === '' || strpos((string) $what, $present) === 0 ? (string) $what : $present;
        return $what === '' ? null : $this->cause(false, 'holds ' . $what . ': each process makes its own', $first);
    }

    /** Like ProcessBound::of, for the value of a write. */
    private function made(array $write)
    {
        switch ($write['kind']) {
            case 'touch':
            case 'unset':
                return '';
            case 'assign':
            case 'element':
                return ProcessBound::of($this->program, $write['code'], $write['value'], 2);
        }
        return null;
    }

    /** Returns words for what the present value holds that cannot be carried, or "". */
    private function present($name)
    {
        if (!isset($GLOBALS[$name])) {
            return '';
        }
        try {
            Value::encode($GLOBALS[$name]);
        } catch (\Exception $why) {
            return self::words($GLOBALS[$name], $why->getMessage());
        } catch (\Throwable $why) {
            return self::words($GLOBALS[$name], $why->getMessage());
        }
        return '';
    }

    /** Reports whether the present value is too large to come with each event that reads it. */
    private function isLarge($name)
    {
        return isset($GLOBALS[$name]) && strlen((string) Value::serialized($GLOBALS[$name])) > \Wsbridge\Globals::MAX;
    }

    private static function words($value, $why)
    {
        if (is_object($value)) {
            return 'a ' . get_class($value) . ' object';
        }
        return preg_match('/^an? /', $why) ? $why : 'what cannot be kept (' . $why . ')';
    }

    /** Reports whether a variable may hold an object or a reference. Code that only reads it can change what that stands for. */
    private function holds($name)
    {
        if (self::isOurs($name)) {
            return false;
        }
        $found = false;
        if (isset($GLOBALS[$name])) {
            $value = [$GLOBALS[$name]];
            array_walk_recursive($value, function ($item) use (&$found) {
                $found = $found || is_object($item);
            });
        }
        foreach ($this->program->units() as $unit) {
            foreach (!$found && isset($unit->writes[$name]) ? $unit->writes[$name] : [] as $write) {
                $found = $found || $this->holding->isGivenBy($write);
            }
        }
        return $found;
    }

    private function cause($lives, $why, array $place)
    {
        return ['lives' => $lives, 'why' => $why, 'file' => $place['file'], 'line' => $place['line']];
    }
}
