<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/** Finds the global variables that the application's functions may write, and whether their values can outlive an event. */
final class Globals
{
    const SUPER = 'GLOBALS,_SERVER,_GET,_POST,_FILES,_COOKIE,_SESSION,_REQUEST,_ENV,server,sockets,connections';

    /** Functions that make objects. An object changes through any copy of the variable. */
    const MAKERS = 'unserialize,json_decode,simplexml_load_string,simplexml_load_file';

    private $program;
    private $reach;

    /** Whether ws_server_initialize runs once, not before each event. */
    private $initializesOnce;

    /** The handlers' units by name; those of handlers that may write any global; the names that closures at file scope write. */
    private $handlers;
    private $any = [];
    private $shared = [];

    /** The writes by functions: lists by name. And whether a variable holds objects, by name. */
    private $writes = [];
    private $holders = [];

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
        ksort($this->writes);
        foreach (array_keys($this->writes) as $name) {
            $this->holders[$name] = $this->holdsObjects($name);
        }
    }

    /** Reports whether a name is PHP's or the server's, not the application's. */
    public static function isOurs($name)
    {
        return in_array($name, explode(',', self::SUPER), true);
    }

    /** Returns all variables by name: whether they live, and why. */
    public function all()
    {
        $all = [];
        foreach (array_keys($this->writes) as $name) {
            $all[$name] = $this->describe((string) $name);
        }
        return $all;
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
                $this->shared[$name] = true;
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

    private function describe($name)
    {
        $cause = $this->living($name);
        if ($cause['lives']) {
            $bound = $this->bound($name);
            return $bound === null ? $cause : $bound;
        }
        return $cause;
    }

    /** Tells whether the next event has to see what an event writes, and which code writes it. */
    private function living($name)
    {
        if (isset($this->shared[$name])) {
            return $this->cause(true, 'a closure, or a reference to it, may write it', $this->writes[$name][0]);
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
                if ($this->holders[$name] && isset($unit->reads[$name])) {
                    return $this->cause(true, $unit->label . ' uses it, which may change the objects in it', $unit->reads[$name]);
                }
            }
            if (isset($this->any[$event])) {
                $any = $this->reach->cause($handler, 'any') ?: $this->program->file->causes['any'];
                return $this->cause(true, $event . '() may write it: ' . $any['why'], $any);
            }
        }
        $first = isset($this->writes[$name][0]) ? $this->writes[$name][0] : ['file' => '', 'line' => 0];
        $initializes = $this->isWrittenBy('ws_server_initialize', $name);
        return $this->cause(false, $initializes ? 'only ws_server_initialize() fills it, which runs before each event'
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
        $what = $present === '' ? (string) $what : $present;
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

    private static function words($value, $why)
    {
        if (is_object($value)) {
            return 'a ' . get_class($value) . ' object';
        }
        return preg_match('/^an? /', $why) ? $why : 'what cannot be kept (' . $why . ')';
    }

    /** Reports whether a variable's value holds objects, or may do so. */
    private function holdsObjects($name)
    {
        $found = false;
        if (isset($GLOBALS[$name])) {
            $value = [$GLOBALS[$name]];
            array_walk_recursive($value, function ($item) use (&$found) {
                $found = $found || is_object($item);
            });
        }
        foreach ($this->writes[$name] as $write) {
            $found = $found || $write['value'] > 0 && $this->makesObjects($write['code']->source, $write['value']);
        }
        return $found;
    }

    private function makesObjects(Source $source, $i)
    {
        for (; $source->kinds[$i] !== ';' && $i < $source->last; $i++) {
            $name = $source->kinds[$i] === T_STRING ? Unit::short($source->texts[$i]) : '';
            if (in_array($source->kinds[$i], [T_NEW, T_CLONE, T_OBJECT_CAST], true) || strpos($name, 'fetch_object') !== false
                || in_array($name, explode(',', self::MAKERS), true)) {
                return true;
            }
        }
        return false;
    }

    private function cause($lives, $why, array $place)
    {
        return ['lives' => $lives, 'why' => $why, 'file' => $place['file'], 'line' => $place['line']];
    }
}
