<?php
namespace Wsbridge\Analysis;

/** The application's code as a whole, and what PHP itself knows of functions and classes. */
final class Program
{
    /** How many bytes of source are looked at: each takes up to 60 bytes of memory, and up to two microseconds. */
    const MOST = 4194304;

    private $size = 0;

    /** The code of all files that stands outside of functions and classes. */
    public $file;

    /** The functions by name, and lists of the methods by name; names without namespace, in lower case. */
    public $functions = [];
    public $methods = [];

    /** What classes of a name are like: "full" names, "parents" (full names, those of traits, too), "methods" by name. */
    public $classes = [];

    /** All code, as Parser finds it. */
    public $codes = [];

    /** The files read. */
    public $sources = [];

    /** Why all of it must be taken to reach everything, or null. */
    public $unreadable;

    /** Whether a closure can be called as one: by ->call() and ->__invoke(). */
    public $hasClosures = false;

    /** The files that the application had included by itself, as keys. */
    public $included = [];

    /** Functions and closures that load classes, see Loader: what they include has been included for all that are named. */
    public $autoloaders = ['__autoload' => true];

    /** Whether it uses an extension of PHP's that is not installed, of whose methods nothing is known. */
    public $missesExtension = false;

    /** Where define() gives constants their values, by name: lists of a source and an index. */
    public $constants = [];

    private $classUnits = [];

    public function __construct()
    {
        $this->file = new Unit('code outside of functions');
        $this->file->isFile = true;
    }

    /** Reads a file; one that cannot be read makes everything unknown. */
    public function add($file)
    {
        $text = @file_get_contents($file);
        $this->size += strlen($text);
        if ($text === false || $this->size > self::MOST) {
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

    /** Adds a class, and returns the unit of what stands in it outside of its methods. */
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

    /** Whether what stands at $i is run only to load a class. */
    public function isAutoloader(Unit $unit, Code $code, $i)
    {
        foreach ($code->closures as $range) {
            if ($i > $range[0] && $i <= $range[1] && isset($this->autoloaders[$code->source->file . ':' . $range[0]])) {
                return true;
            }
        }
        return !$unit->isFile && isset($this->autoloaders[$unit->name]);
    }

    /** All units. */
    public function units()
    {
        $units = array_merge([$this->file], array_values($this->functions), array_values($this->classUnits));
        foreach ($this->methods as $methods) {
            $units = array_merge($units, $methods);
        }
        return $units;
    }

    /** The constructors that "new" of a class may run, "*" for any class: its own, else those it inherits. */
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
