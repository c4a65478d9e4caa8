<?php
namespace Wsbridge\Analysis;

/** All definitions of one function or method, or all code of one class or of all files, and what this code itself reaches. */
final class Unit
{
    /** The name as people write it, and the name in lower case without namespace. */
    public $label;
    public $name;

    /** The class of a method, in lower case without namespace, or "". */
    public $class;

    /** The code of each definition. */
    public $codes = [];

    /** Whether it is the files' code outside of functions and classes. */
    public $isFile = false;

    /** Whether PHP may run it although no code names it: a magic method, offsetGet, a class's initial values. */
    public $isImplicit = false;

    /** The application's functions and the methods that it calls, and the classes that it constructs, as keys. */
    public $functions = [];
    public $methods = [];
    public $classes = [];

    /** The names of autoloaders that it registers, as keys; and where it loads classes itself, if it is one. */
    public $registers = [];
    public $loads;

    /** Whether it may call any function. */
    public $callsAnything = false;

    /** Whether it closes a client. */
    public $closes = false;

    /**
     * Why it reaches "table", "sockets", "any", needs the one "process", depends on having a "single" request or on the parameters of the
     * "client": the first cause of each.
     */
    public $causes = [];

    /** Causes that count only if other code than wsbridge calls it, perhaps with another client's key. */
    public $keyed = [];

    /** Whether it may send to any client; and whether it may if other code than wsbridge calls it. */
    public $peers = false;
    public $keyedPeers = false;

    /** Whether it broadcasts, and whether it names the field "state" of rows. */
    public $broadcasts = false;
    public $namesState = false;

    /** The place of each global variable that it names, by name; and lists of its writes, by name. */
    public $reads = [];
    public $writes = [];

    /** The place of each global variable that a closure outside of functions names, by name. */
    public $closureReads = [];

    /** The places of its static variables, and of the static properties that it writes, by name. */
    public $statics = [];

    /** What it does with what a process has once, as ProcessUses records it: a list, with places. */
    public $processWide = [];

    /** Its uses of static properties ("::$name") and of superglobals that stay: lists by name. And its static variables. */
    public $shared = [];
    public $staticVariables = [];

    /** The place of each name in it that may be a constant, by name. */
    public $constants = [];

    public function __construct($label, $class = '')
    {
        $this->label = $label;
        $this->name = self::short(rtrim($class === '' ? $label : substr($label, strrpos($label, ':') + 1), '()'));
        $this->class = $class;
    }

    /** Returns a name in lower case, without its namespace. */
    public static function short($name)
    {
        return strtolower(self::last($name));
    }

    /** Returns a name without its namespace. */
    public static function last($name)
    {
        $at = strrpos($name, '\\');
        return $at === false ? $name : substr($name, $at + 1);
    }

    public function reach($what, $why, $file, $line)
    {
        if (!isset($this->causes[$what])) {
            $this->causes[$what] = ['why' => $why, 'file' => $file, 'line' => $line];
        }
    }
}
