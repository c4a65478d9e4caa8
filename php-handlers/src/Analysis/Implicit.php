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
            foreach ($class['methods'] as $name => $unit) {
                if (!$unit->isImplicit && strncmp($name, '__', 2) !== 0) {
                    $unit->isImplicit = self::isInherited($class, $name);
                }
            }
        }
    }

    private static function isInherited(array $class, $method)
    {
        foreach (array_keys($class['full']) as $name) {
            if (!class_exists($name, false) && !trait_exists($name, false) && !interface_exists($name, false)) {
                if ($class['parents'] !== []) {
                    return true; // not loaded, so who knows
                }
                continue;
            }
            foreach (class_parents($name) + class_implements($name) as $parent) {
                $parent = new \ReflectionClass($parent);
                if ($parent->isInternal() && $parent->hasMethod($method)) {
                    return true;
                }
            }
        }
        return false;
    }
}
