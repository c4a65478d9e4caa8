<?php
namespace Wsbridge\Analysis;

/** The methods that PHP calls without their names being written anywhere. */
final class Implicit
{
    /** Those of a class given to stream_wrapper_register(), which implements no interface. */
    const STREAM = 'dir_closedir,dir_opendir,dir_readdir,dir_rewinddir,mkdir,rename,rmdir,unlink,url_stat';

    /** Magic methods, less those that the call of another method stands for, and "new". */
    public static function isMagic($method)
    {
        return strncmp($method, '__', 2) === 0 && !in_array($method, ['__construct', '__call', '__callstatic'], true);
    }

    public static function isStream($method)
    {
        return strncmp($method, 'stream_', 7) === 0 || in_array($method, explode(',', self::STREAM), true);
    }

    /** Marks what classes have from classes and interfaces of PHP's own, such as offsetGet(). */
    public static function mark(Program $program)
    {
        foreach ($program->classes as $class) {
            foreach (array_keys($class['full']) as $name) {
                if (class_exists($name, false) || interface_exists($name, false)) {
                    self::markInherited($program, $name);
                } elseif ($class['parents'] !== [] && !trait_exists($name, false)) {
                    self::markAll($class['methods']); // not loaded, so who knows
                }
            }
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

    /** Marks what a class has for a method, be it its own, inherited, or a trait's. */
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
