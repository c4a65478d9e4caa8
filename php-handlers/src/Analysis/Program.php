<?php
namespace Wsbridge\Analysis;

/** The whole code of the application. */
final class Program
{
    /** How many bytes of source are read at most. Each takes up to 60 bytes of memory and two microseconds. */
    const MAX_BYTES = 4194304;

    private $size = 0;

    /** The unit of all files' code outside of functions and classes. */
    public $file;

    /** Functions, and lists of methods, by name: without namespace and in lower case. */
    public $functions = [];
    public $methods = [];

    /** Classes by name: their "full" names, "parents" (full names, also of traits) and "methods" by name. */
    public $classes = [];

    /** All code, in the order in which Parser finds it. */
    public $codes = [];

    /** The files that were read, by path. */
    public $sources = [];

    /** Why some of the code could not be read, or null. */
    public $unreadable;

    /** Whether there are closures, which ->call() and ->__invoke() can call. */
    public $hasClosures = false;

    /** The files that the application included before the analysis, as keys. */
    public $included = [];

    /** Functions and closures that load classes, as keys. Loader has had them load every class that the code names. */
    public $autoloaders = ['__autoload' => true];

    /** Whether it uses an extension that is not installed, whose methods are therefore not known. */
    public $missesExtension = false;

    /** Whether it may look at $_SERVER, by that name or by another, for which PHP does not fill it. */
    public $looksAtServer = false;

    /** Where define() and const define constants, by name without namespace: lists of a source and an index. */
    public $constants = [];

    /** The units of classes' code outside of methods, by name as in $classes. */
    public $classUnits = [];

    public function __construct()
    {
        $this->file = new Unit('code outside of functions');
        $this->file->isFile = true;
    }

    /** Reads a file. If it cannot be read, the program is unreadable. */
    public function add($file)
    {
        $text = @file_get_contents($file);
        $this->size += strlen($text);
        if ($text === false || $this->size > self::MAX_BYTES) {
            $this->unreadable = $text === false ? 'the source of ' . $file . ' cannot be read'
                : 'the application has more code than is looked at';
            return null;
        }
        $this->looksAtServer = $this->looksAtServer || preg_match('/_SERVER|\$GLOBALS\s*[^\s\[]/', $text);
        $source = new Source($file, $text);
        $this->sources[$file] = $source;
        Parser::parse($source, $this);
        return $source;
    }

    public function addFunction($name)
    {
        $short = Unit::short($name);
        if (!isset($this->functions[$short])) {
            $this->functions[$short] = new Unit($name . '()');
        }
        return $this->functions[$short];
    }

    public function addMethod($class, $name)
    {
        $short = Unit::short($class);
        $method = strtolower($name);
        if (!isset($this->classes[$short]['methods'][$method])) {
            $unit = new Unit($class . '::' . $name . '()', $short);
            $unit->isImplicit = Implicit::isMagic($method) || Implicit::isStream($method);
            $this->classes[$short]['methods'][$method] = $unit;
            $this->methods[$method][] = $unit;
        }
        return $this->classes[$short]['methods'][$method];
    }

    /** Adds a class, and returns the unit of its code outside of methods. */
    public function addClass(array $class)
    {
        $short = Unit::short($class['name']);
        if (!isset($this->classUnits[$short])) {
            $known = isset($this->classes[$short]) ? $this->classes[$short] : [];
            $this->classes[$short] = $known + ['full' => [], 'parents' => [], 'methods' => []];
            $this->classUnits[$short] = new Unit('class ' . $class['name']);
            $this->classUnits[$short]->isImplicit = true;
        }
        $this->classes[$short]['full'][$class['full']] = true;
        foreach ($class['parents'] as $parent) {
            $this->addParent($short, $parent);
        }
        return $this->classUnits[$short];
    }

    public function addParent($class, $parent)
    {
        $this->classes[Unit::short($class)]['parents'][$parent] = true;
    }

    /** Reports whether a class of this full name was read. */
    public function hasClass($full)
    {
        return in_array(strtolower($full), array_map('strtolower', $this->fullNames(Unit::short($full))), true);
    }

    /** Returns the full names of the classes that were read and have a name without namespace. */
    private function fullNames($short)
    {
        return isset($this->classes[$short]['full']) ? array_keys($this->classes[$short]['full']) : [];
    }

    /** Reports whether the file of a function that exists was read. */
    public function isRead(\ReflectionFunction $function)
    {
        return $function->isInternal() || isset($this->sources[$function->getFileName()]);
    }

    /** Returns the names of a class and of all that it may inherit from, without namespaces and in lower case. */
    public function ancestors($class)
    {
        $found = [$class => true];
        for ($queue = [$class]; $queue !== [];) {
            $of = array_pop($queue);
            foreach (isset($this->classes[$of]['parents']) ? array_keys($this->classes[$of]['parents']) : [] as $parent) {
                $short = Unit::short($parent);
                $queue = isset($found[$short]) ? $queue : array_merge($queue, [$short]);
                $found[$short] = true;
                foreach (class_exists($parent, false) ? class_parents($parent) : [] as $name) {
                    $found[Unit::short($name)] = true;
                }
            }
        }
        return array_keys($found);
    }

    /** Reports whether the code at $i is in a closure that only loads classes. */
    public function isLoading(Code $code, $i)
    {
        foreach ($code->closures as $range) {
            if ($i > $range[0] && $i <= $range[1] && isset($this->autoloaders[$code->source->file . ':' . $range[0]])) {
                return true;
            }
        }
        return false;
    }

    /** Reports whether a unit loads classes. It may do more if code calls it by its name. */
    public function isAutoloader(Unit $unit)
    {
        if ($unit->class === '') {
            return !$unit->isFile && isset($this->autoloaders[$unit->name]);
        }
        $isOnly = isset($this->methods[$unit->name]) && count($this->methods[$unit->name]) === 1;
        return isset($this->autoloaders[$unit->class . '::' . $unit->name]) || $isOnly && isset($this->autoloaders['*::' . $unit->name]);
    }

    /** Returns the class whose method a code is, in lower case without namespace, or "". */
    public function classOf(Code $code)
    {
        foreach ($this->methods as $methods) {
            foreach ($methods as $unit) {
                if (in_array($code, $unit->codes, true)) {
                    return $unit->class;
                }
            }
        }
        return '';
    }

    /** Reports whether handlers run for clients before their handshake, so that such a client may be written to. */
    public function hasEarlyClients()
    {
        return isset($this->functions['ws_server_connect']) || isset($this->functions['ws_server_read']);
    }

    /** Returns all units. */
    public function units()
    {
        $units = array_merge([$this->file], array_values($this->functions), array_values($this->classUnits));
        foreach ($this->methods as $methods) {
            $units = array_merge($units, $methods);
        }
        return $units;
    }

    /** Returns the constructors that "new" of a class ("*": any class) may run: its own, or else the inherited ones. */
    public function constructors($class)
    {
        $found = [];
        foreach ($class === '*' ? array_keys($this->classes) : [$class] as $of) {
            $found = array_merge($found, $this->constructorsOf($of, $class !== '*', []));
        }
        return $found;
    }

    /** Like constructors, for one class. $known has the classes that inherit from it, as keys: names without namespaces may go round. */
    private function constructorsOf($class, $inherited, array $known)
    {
        $found = [];
        foreach (PHP_VERSION_ID < 80000 ? ['__construct', $class] : ['__construct'] as $name) {
            if (isset($this->classes[$class]['methods'][$name])) {
                $found[] = $this->classes[$class]['methods'][$name];
            }
        }
        $isOne = count($this->fullNames($class)) === 1 && $class !== 'class@anonymous';
        $known[$class] = true;
        $inherited = $inherited && isset($this->classes[$class]['parents']) && ($found === [] || !$isOne);
        foreach ($inherited ? $this->classes[$class]['parents'] : [] as $parent => $yes) {
            if (!isset($known[Unit::short($parent)])) {
                $found = array_merge($found, $this->constructorsOf(Unit::short($parent), true, $known));
            }
        }
        return $found;
    }
}
