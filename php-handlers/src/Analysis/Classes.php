<?php
namespace Wsbridge\Analysis;

/** Records the classes that a unit's code names, and the objects that it makes. */
final class Classes
{
    private $scanner;
    private $program;
    private $unit;
    private $code;
    private $source;
    private $functions;
    private $callables;

    public function __construct(Scanner $scanner, Functions $functions, Callables $callables)
    {
        $this->scanner = $scanner;
        $this->program = $scanner->program;
        $this->unit = $scanner->unit;
        $this->code = $scanner->code;
        $this->source = $scanner->code->source;
        $this->functions = $functions;
        $this->callables = $callables;
    }

    /** Records what "new" constructs. */
    public function construct($i)
    {
        $isComputed = $this->source->kinds[$i + 2] === T_DOUBLE_COLON; // a static property holds the name
        switch ($isComputed ? T_DOUBLE_COLON : $this->source->kinds[$i + 1]) {
            case T_STRING:
                $this->constructs($this->source->texts[$i + 1], $i + 1);
                break;
            case T_STATIC:
                $this->ofItself($i + 1);
                break;
            case T_CLASS:
            case T_FINAL:
                $this->unit->classes['class@anonymous'] = true;
                $this->callsAnything('class@anonymous', $i);
                $this->constructed('class@anonymous', $this->source->kinds[$i + 1] === T_FINAL ? $i + 3 : $i + 2, 'new class');
                break;
            case T_VARIABLE:
                $this->functions->unknown('makes an object of ' . $this->source->texts[$i + 1] . ', which could be any class', $i);
                break;
            default:
                $this->functions->unknown('makes an object of a class that is computed', $i);
        }
    }

    private function constructs($name, $i)
    {
        $class = strtolower($name);
        if ($class === 'self' || $class === 'parent') {
            $this->ofItself($i);
            return;
        }
        $this->named($this->code->resolve($i), $i);
        $class = $this->code->className($i);
        $this->unit->classes[$class] = true;
        $this->scanner->uses->call('new ' . $class, $i, 0);
        $this->constructed($class, $i + 1, 'new ' . $name);
    }

    /** Records an object of the class that the code belongs to, or of one that it inherits from or that inherits from it. */
    private function ofItself($i)
    {
        $this->unit->classes['*'] = true;
        $this->constructed($this->unit->class, $i + 1, 'new ' . $this->source->texts[$i]);
    }

    /** Checks the arguments of a constructor. Names do not tell which class it is, so that of each class counts that it may be. */
    public function constructed($class, $open, $callee)
    {
        if ($this->source->kinds[$open] !== '(') {
            return;
        }
        $positions = $classes = [];
        foreach ($this->program->ancestors($class) as $of) {
            $positions = array_merge($positions, Callbacks::of('CONSTRUCTORS', $of), Callables::positions(Php::parametersOfConstructor($of)));
            $classes = array_merge($classes, Callbacks::of('CLASS_CONSTRUCTORS', $of));
        }
        $this->callables->check(array_unique($positions), $open, $callee);
        $this->callables->checkClasses($classes, $open, $callee, true);
    }

    /** Records the class before "::", for a constant or a static property of it, or its name. */
    public function name($i)
    {
        if (in_array(strtolower($this->source->texts[$i]), ['self', 'static', 'parent'], true)) {
            return;
        }
        if (strtolower($this->source->texts[$i + 2]) !== 'class') {
            $this->source->kinds[$i + 3] === '(' || $this->named($this->code->resolve($i), $i);
        } elseif (!$this->unit->isFile || $this->functions->isArgument($i)) {
            $this->unit->classes[$this->code->className($i)] = true; // as a string that names it
        }
    }

    /** Records the full name of a class, which PHP may load. */
    public function named($full, $i)
    {
        $isKnown = $this->program->hasClass($full);
        if (class_exists($full, false) || interface_exists($full, false) || trait_exists($full, false)) {
            $reflection = new \ReflectionClass($full);
            if (!$reflection->isInternal() && !($isKnown && strcasecmp($reflection->getName(), $full) === 0)) {
                $this->functions->unknown('uses class ' . $full . ', whose source is not known', $i);
            }
            $full = $reflection->getName(); // it may be an alias
        } elseif (!$isKnown && Extensions::ofClass(strtolower($full)) === '' && !Guards::has($this->source, 'class_exists', Unit::short($full))) {
            $this->functions->unknown('uses class ' . $full . ', which does not exist', $i);
        }
        $this->callsAnything($full, $i);
    }

    private function callsAnything($full, $i)
    {
        foreach (array_merge([strtolower($full)], $this->program->ancestors(Unit::short($full))) as $name) {
            if (preg_match('/^reflection|^(com|dotnet|ffi|lua|luasandbox|soapserver|v8js)$/', $name)) {
                $this->functions->unknown('uses ' . $full . ', which can call anything', $i);
                return;
            }
        }
    }
}
