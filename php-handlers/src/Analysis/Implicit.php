<?php
namespace Wsbridge\Analysis;

/** Finds methods that PHP calls although no code names them. */
final class Implicit
{
    /** The methods of a stream wrapper, which implements no interface. */
    const STREAM = 'dir_closedir,dir_opendir,dir_readdir,dir_rewinddir,mkdir,rename,rmdir,unlink,url_stat';

    /** Reports whether a method is a magic one that any code may call. __call and __construct follow from other calls and "new". */
    public static function isMagic($method)
    {
        return strncmp($method, '__', 2) === 0 && !in_array($method, ['__construct', '__call', '__callstatic'], true);
    }

    public static function isStream($method)
    {
        return strncmp($method, 'stream_', 7) === 0 || in_array($method, explode(',', self::STREAM), true);
    }

    /** Marks the methods that classes have because of PHP's own classes and interfaces, such as offsetGet(). */
    public static function mark(Program $program)
    {
        foreach ($program->classes as $short => $class) {
            self::markMade($program, $short);
            foreach (array_keys($class['full']) as $name) {
                if (class_exists($name, false) || interface_exists($name, false)) {
                    self::markInherited($program, $name);
                } elseif ($class['parents'] !== [] && !trait_exists($name, false)) {
                    self::markAll($class['methods']); // the class is not loaded, so its parents are not known
                }
            }
        }
    }

    /** Marks the constructors of classes that PHP makes objects of although no code says "new". */
    private static function markMade(Program $program, $class)
    {
        $made = array_filter($program->ancestors($class), function ($name) {
            return Callbacks::lists('MADE', $name);
        });
        foreach ($made === [] ? [] : $program->constructors($class) as $unit) {
            $unit->isImplicit = true;
        }
    }

    private static function markInherited(Program $program, $name)
    {
        foreach (class_parents($name) + class_implements($name) as $parent) {
            $parent = new \ReflectionClass($parent);
            foreach ($parent->isInternal() ? $parent->getMethods() : [] as $method) {
                self::markMethod($program, $name, strtolower($method->getName()));
            }
        }
    }

    /** Marks a method of a class: its own, an inherited one, or one of a trait. */
    private static function markMethod(Program $program, $class, $method)
    {
        if (!isset($program->methods[$method]) || strncmp($method, '__', 2) === 0 || !method_exists($class, $method)) {
            return;
        }
        $reflection = new \ReflectionMethod($class, $method);
        $declaring = Unit::short($reflection->getDeclaringClass()->getName());
        $declares = isset($program->classes[$declaring]['methods'][$method]);
        self::markAll($declares ? [$program->classes[$declaring]['methods'][$method]] : $program->methods[$method]);
    }

    private static function markAll(array $units)
    {
        foreach ($units as $unit) {
            $unit->isImplicit = $unit->isImplicit || strncmp($unit->name, '__', 2) !== 0;
        }
    }
}
