<?php
namespace Wsbridge;

/**
 * Looks for what a handler wrote outside of its row, in a worker that runs beside others. Its code was found to write nothing there; if it
 * does after all, what it wrote is in one process only, and wsbridge has to run it in the one that runs all events. It looks at the first
 * events of each kind and at some of the later ones, by comparing the serialize() texts of global variables, static properties and static
 * variables, and the constants.
 */
final class SideEffects
{
    /** How many of the first events of a kind are looked at, and every how manieth later one. */
    const FIRST = 16;
    const EVERY = 64;

    /** The longest text that is compared, in bytes. What has a longer one is not looked at again. */
    const MAX = 65536;

    /** Stands for the text of a connection. It may be opened where there was nothing: each worker may have its own. */
    const CONNECTION = '*';
    const NOTHING = ['N;', 'b:0;', 'a:0:{}', 's:0:"";'];

    private static $events = [];

    /** The texts before the event by name; null if the event is not looked at. And the constants and the number of files then. */
    private static $before;
    private static $constants = [];
    private static $files = 0;

    /** Names of what is too big, as keys. */
    private static $big = [];

    /** Classes of the application, and functions and methods of it that have static variables; for as many as there were. */
    private static $classes = [];
    private static $functions = [];
    private static $known = '';

    /** Is called before the handlers of an event run, after its rows and global variables were set. */
    public static function begin($event, $always = false)
    {
        self::$events[$event] = isset(self::$events[$event]) ? self::$events[$event] + 1 : 1;
        $isLookedAt = $always || self::$events[$event] <= self::FIRST || self::$events[$event] % self::EVERY === 0;
        self::$before = $isLookedAt ? self::texts() : null;
        self::$constants = $isLookedAt ? self::constants() : [];
        self::$files = count(get_included_files());
    }

    /** Is called after they have returned. What they wrote becomes a part of the event's last line, and is logged. */
    public static function end($event)
    {
        $what = self::$before === null ? '' : self::written();
        self::$before = null;
        if ($what !== '') {
            Answer::$wrote = $what;
            Answer::log('warning', 'an event "' . $event . '" wrote ' . $what . ', which its code does not show: these events run in one '
                . 'process from now on');
        }
    }

    /** Returns the name of the first thing that was written, or "". */
    private static function written()
    {
        $after = self::texts();
        foreach (self::$before + $after as $name => $text) {
            $isGlobal = preg_match('/^\$\w+$/', $name) === 1;
            $isKnown = isset(self::$before[$name], $after[$name]) || $isGlobal && !isset(self::$big[$name]);
            $now = isset($after[$name]) ? $after[$name] : self::NOTHING[0];
            $then = isset(self::$before[$name]) ? self::$before[$name] : self::NOTHING[0];
            $isOpened = $now === self::CONNECTION && in_array($then, self::NOTHING, true);
            $isClosed = $then === self::CONNECTION && in_array($now, self::NOTHING, true);
            if ($isKnown && $now !== $then && !$isOpened && !$isClosed) {
                return (string) $name;
            }
        }
        // Files that were included meanwhile may define constants, as those that declare classes do.
        $new = count(get_included_files()) === self::$files ? array_diff_key(self::constants(), self::$constants) : [];
        return (string) key($new);
    }

    /** Returns texts, or hashes of long ones, by name: "$name", "Class::$name" and "$name of function()". */
    private static function texts()
    {
        $texts = [];
        foreach (Globals::names() as $name) {
            self::add($texts, '$' . $name, $GLOBALS[$name]);
        }
        self::find();
        foreach (self::$classes as $class) {
            foreach ($class->getStaticProperties() as $name => $value) {
                self::add($texts, $class->getName() . '::$' . $name, $value);
            }
        }
        foreach (self::$functions as $label => $function) {
            foreach ($function->getStaticVariables() as $name => $value) {
                self::add($texts, '$' . $name . ' of ' . $label, $value);
            }
        }
        return $texts;
    }

    private static function add(array &$texts, $name, $value)
    {
        if (isset(self::$big[$name])) {
            return;
        }
        $text = self::isConnection($value) ? self::CONNECTION : (string) Value::serialized($value);
        if (strlen($text) > self::MAX) {
            self::$big[$name] = true;
        }
        $texts[$name] = strlen($text) > 32 ? md5($text) : $text;
    }

    /** Finds the classes and functions of the application again if there are more than before. */
    private static function find()
    {
        $classes = get_declared_classes();
        $functions = get_defined_functions();
        $known = count($classes) . ' ' . count($functions['user']);
        if ($known === self::$known) {
            return;
        }
        self::$known = $known;
        self::$classes = self::$functions = [];
        foreach ($functions['user'] as $name) {
            self::keep($name . '()', new \ReflectionFunction($name));
        }
        foreach ($classes as $name) {
            $class = new \ReflectionClass($name);
            if ($class->isInternal() || strncmp($name, __NAMESPACE__ . '\\', strlen(__NAMESPACE__) + 1) === 0) {
                continue;
            }
            self::$classes[] = $class;
            foreach ($class->getMethods() as $method) {
                if (!$method->isInternal()) {
                    self::keep($name . '::' . $method->getName() . '()', $method);
                }
            }
        }
    }

    private static function keep($label, \ReflectionFunctionAbstract $function)
    {
        if ($function->getStaticVariables() !== []) {
            self::$functions[$label] = $function;
        }
    }

    private static function constants()
    {
        $constants = get_defined_constants(true);
        return isset($constants['user']) ? $constants['user'] : [];
    }

    /** Reports whether a value is a connection to a server, or an array of such. Each worker may open its own. */
    private static function isConnection($value)
    {
        require_once __DIR__ . '/Analysis/ProcessBound.php';
        if (is_array($value)) {
            return $value !== [] && array_filter($value, [__CLASS__, 'isConnection']) === $value;
        }
        if (is_object($value)) {
            $classes = array_map('strtolower', array_merge([get_class($value)], array_values(class_parents($value))));
            return array_intersect($classes, preg_split('/,\s*/', Analysis\ProcessBound::CONNECTIONS)) !== [];
        }
        return is_resource($value) && preg_match('/link|connection/i', get_resource_type($value)) === 1;
    }
}
