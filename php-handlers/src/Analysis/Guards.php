<?php
namespace Wsbridge\Analysis;

/** Tells which names a file checks before it uses them: function_exists("…"), class_exists("…"), defined("…"). */
final class Guards
{
    private static $guards = [];

    public static function has(Source $source, $function, $name)
    {
        if (!isset(self::$guards[$source->file])) {
            self::$guards[$source->file] = self::read($source);
        }
        return isset(self::$guards[$source->file][$function . ' ' . strtolower($name)]);
    }

    private static function read(Source $source)
    {
        $guards = [];
        for ($i = 1; $i <= $source->last; $i++) {
            if ($source->kinds[$i] === T_STRING && $source->matches($i + 1, ['(', T_CONSTANT_ENCAPSED_STRING])) {
                $guards[Unit::short($source->texts[$i]) . ' ' . Unit::short($source->literal($i + 2))] = true;
            }
        }
        return $guards;
    }
}
