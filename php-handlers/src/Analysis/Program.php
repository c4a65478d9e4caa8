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

    /** Where define() defines constants, by name: lists of a source and an index. */
    public $constants = [];

    private $classUnits = [];

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

    /** Reports whether the code at $i runs only to load a class. */
    public function isAutoloader(Unit $unit, Code $code, $i)
    {
        foreach ($code->closures as $range) {
            if ($i > $range[0] && $i <= $range[1] && isset($this->autoloaders[$code->source->file . ':' . $range[0]])) {
                return true;
            }
        }
        return !$unit->isFile && isset($this->autoloaders[$unit->name]);
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
        $names = PHP_VERSION_ID < 80000 ? ['__construct', $class] : ['__construct'];
        $found = [];
        foreach ($class === '*' ? array_keys($this->classes) : [$class] as $of) {
            foreach ($names as $name) {
                $name = $name === '*' ? $of : $name;
                if (isset($this->classes[$of]['methods'][$name])) {
                    $found[] = $this->classes[$of]['methods'][$name];
                }
            }
        }
        if ($found !== [] && $class !== 'class@anonymous' || !isset($this->classes[$class])) {
            return $found;
        }
        foreach ($this->classes[$class]['parents'] as $parent => $yes) {
            if (Unit::short($parent) !== $class) {
                $found = array_merge($found, $this->constructors(Unit::short($parent)));
            }
        }
        return $found;
    }
}
