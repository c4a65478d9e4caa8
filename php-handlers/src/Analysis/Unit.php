<?php
namespace Wsbridge\Analysis;

/** What is called as one: a function, all definitions of its name taken together. And what its own code can reach. */
final class Unit
{
    /** As people write it, and that in lower case without namespace. */
    public $label;
    public $name;

    /** The class of a method, in lower case without namespace; else "". */
    public $class;

    /** Its definitions, each a Code. */
    public $codes = [];

    /** Whether it is the code of the files outside of functions. */
    public $isFile = false;

    /** Whether PHP may call it without its name being written: a magic method, offsetGet, a class's initial values. */
    public $isImplicit = false;

    /** Names of the application's functions, of methods, and of classes constructed, that it calls; as keys. */
    public $functions = [];
    public $methods = [];
    public $classes = [];

    /** Whether it calls what could be any function. */
    public $callsAnything = false;

    /** Whether it closes a client. */
    public $closes = false;

    /** Why it reaches "table", "sockets", "any": the first cause of each. */
    public $causes = [];

    /** Causes that count only if it is not wsbridge alone that calls it: then its key may be another client's. */
    public $keyed = [];

    /** Whether it may send to any client; and if it is not wsbridge alone that calls it. */
    public $peers = false;
    public $keyedPeers = false;

    /** Whether it sends to all, and whether it names the field of a row that says who is open. */
    public $broadcasts = false;
    public $namesState = false;

    /** Names of the global variables it mentions: name => [file, line]; and its writes to them: name => Writes. */
    public $reads = [];
    public $writes = [];

    /** Its static variables, and the static properties it writes, as Statics calls them: name => [file, line]. */
    public $statics = [];

    public function __construct($label, $class = '')
    {
        $this->label = $label;
        $this->name = self::short(rtrim($class === '' ? $label : substr($label, strrpos($label, ':') + 1), '()'));
        $this->class = $class;
    }

    /** A name in lower case and without its namespace. */
    public static function short($name)
    {
        $at = strrpos($name, '\\');
        return strtolower($at === false ? $name : substr($name, $at + 1));
    }

    public function reach($what, $why, $file, $line)
    {
        if (!isset($this->causes[$what])) {
            $this->causes[$what] = ['why' => $why, 'file' => $file, 'line' => $line];
        }
    }
}
