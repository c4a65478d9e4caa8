<?php
namespace Wsbridge\Analysis;

/**
 * Finds the application's files: those that are included already, those that its functions include, and those that its autoloaders
 * load for the classes that it names.
 */
final class Loader
{
    private $program;

    /** The classes that were looked up, as keys. */
    private $asked = [];

    /** Reads the files of the application, as $owns($file) tells, and returns the program. */
    public static function load($owns)
    {
        $loader = new self();
        $loader->program->included = array_flip(array_filter(get_included_files(), $owns));
        foreach (array_keys($loader->program->included) as $file) {
            $loader->program->add($file);
        }
        for ($at = 0; isset($loader->program->codes[$at]); $at++) {
            $loader->code($loader->program->codes[$at]);
            if (!isset($loader->program->codes[$at + 1])) {
                $loader->parents();
                $loader->loaded($owns);
            }
        }
        Implicit::mark($loader->program);
        return $loader->program;
    }

    private function __construct()
    {
        $this->program = new Program();
    }

    /** Adds the files that autoloaders have included since. */
    private function loaded($owns)
    {
        foreach (array_filter(get_included_files(), $owns) as $file) {
            if (!isset($this->program->sources[$file])) {
                $this->program->add($file);
            }
        }
    }

    private function code(Code $code)
    {
        $source = $code->source;
        $includes = [T_INCLUDE, T_INCLUDE_ONCE, T_REQUIRE, T_REQUIRE_ONCE];
        foreach ($code->segments as $segment) {
            for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                $kind = $source->kinds[$i];
                if ($kind === T_STRING && ($source->kinds[$i + 1] === T_DOUBLE_COLON || $source->kinds[$i - 1] === T_NEW)) {
                    $this->className($code->resolve($i), $source->texts[$i]);
                } elseif ($kind === T_STRING && $source->kinds[$i + 1] === '(') {
                    $this->call($code, $i, $code->functionName($i));
                } elseif ($kind === T_CONSTANT_ENCAPSED_STRING) {
                    $this->string($source, $i);
                } elseif (in_array($kind, $includes, true)) {
                    $this->includes($code, $i);
                } elseif ($kind === T_CONST && in_array($code, $this->program->file->codes, true)) {
                    $this->constants($source, $i);
                }
            }
        }
    }

    /** Records the constants of a const statement. */
    private function constants(Source $source, $i)
    {
        for ($at = $i + 1; $source->kinds[$at] !== ';'; $at++) {
            if ($source->matches($at, [T_STRING, '=']) && in_array($source->kinds[$at - 1], [T_CONST, ','], true)) {
                $this->program->constants[$source->texts[$at]][] = [$source, $at + 2];
            }
        }
    }

    private function includes(Code $code, $i)
    {
        $file = Includes::file($this->program, $code->source, $i);
        $atOnce = in_array($code, $this->program->file->codes, true) && !$code->isInClosure($i);
        if ($file === null || $atOnce || isset($this->program->sources[$file])) {
            return;
        }
        $trial = new Program();
        $source = $trial->add($file);
        $this->program->looksAtServer = $this->program->looksAtServer || $trial->looksAtServer;
        if ($source !== null && Includes::isLibrary($trial, $source)) {
            $this->program->add($file);
        }
    }

    /** Looks up the class in array("Class", "method") and in "Class::method". */
    private function string(Source $source, $i)
    {
        $isPair = in_array($source->kinds[$i - 1], ['(', '['], true)
            && $source->matches($i + 1, [',', T_CONSTANT_ENCAPSED_STRING]) && in_array($source->kinds[$i + 3], [')', ']'], true);
        if ($isPair || strpos($source->texts[$i], '::') !== false) {
            $name = explode('::', $source->literal($i));
            if (preg_match('/^[\w\\\\]+$/', $name[0])) {
                $this->className(ltrim($name[0], '\\'), '');
            }
        }
    }

    private function className($full, $name)
    {
        if (isset($this->asked[$full]) || in_array(strtolower($name), ['self', 'static', 'parent'], true)) {
            return;
        }
        $this->asked[$full] = true;
        $isKnown = $this->program->hasClass($full) || $this->exists($full);
        if (!$isKnown && Extensions::ofClass(strtolower($full)) !== '') {
            $this->program->missesExtension = true;
        }
    }

    private function exists($class)
    {
        try {
            return class_exists($class) || interface_exists($class, false) || trait_exists($class, false);
        } catch (\Exception $e) {
        } catch (\Throwable $e) {
        }
        return false;
    }

    private function parents()
    {
        foreach ($this->program->classes as $class) {
            foreach (array_keys($class['parents']) as $parent) {
                $this->className($parent, '');
            }
        }
    }

    private function call(Code $code, $i, $name)
    {
        $source = $code->source;
        if (in_array($source->kinds[$i - 1], [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION], true)) {
            return;
        }
        if ($name === 'spl_autoload_register') {
            $autoloader = self::autoloader($this->program, $code, $i + 1);
            $this->program->autoloaders += $autoloader === null ? [] : [$autoloader => true];
            $this->closure($source, $i);
        } elseif ($name === 'define' && $source->matches($i + 2, [T_CONSTANT_ENCAPSED_STRING, ','])) {
            $this->program->constants[Unit::last($source->literal($i + 2))][] = [$source, $i + 4];
        } elseif (!function_exists($name) && Extensions::ofFunction($name) !== '') {
            $this->program->missesExtension = true;
        }
    }

    /** Records the closure that spl_autoload_register() registers. */
    private function closure(Source $source, $i)
    {
        $start = $source->kinds[$i + 2] === T_STATIC ? $i + 3 : $i + 2;
        if ($source->kinds[$start] === T_FUNCTION) {
            $this->program->autoloaders[$source->file . ':' . $start] = true;
        }
    }

    /** Returns the function or the class and method, "class::method", that spl_autoload_register() registers, or null. The class may be "*". */
    public static function autoloader(Program $program, Code $code, $open)
    {
        $source = $code->source;
        $start = $open + 1;
        if ($source->kinds[$start] === T_CONSTANT_ENCAPSED_STRING) {
            $parts = explode('::', $source->literal($start));
            return implode('::', array_map([__NAMESPACE__ . '\Unit', 'short'], $parts));
        }
        list($elements) = $source->elements($source->kinds[$start] === T_ARRAY ? $start + 1 : $start);
        $isArray = $source->kinds[$start] === T_ARRAY || $source->kinds[$start] === '[';
        $method = $isArray && count($elements) === 2 ? $source->literal($elements[1]) : null;
        if ($method === null) {
            return null;
        }
        $first = $source->kinds[$elements[0]] === T_NEW ? $elements[0] + 1 : $elements[0];
        $named = ['self', 'static', '$this', '__class__'];
        $class = '*';
        if (in_array(strtolower($source->texts[$first]), $named, true)) {
            $class = $program->classOf($code);
        } elseif ($source->kinds[$first] === T_STRING) {
            $class = $code->className($first);
        } elseif ($source->literal($first) !== null) {
            $class = Unit::short($source->literal($first));
        }
        return $class . '::' . strtolower($method);
    }
}
