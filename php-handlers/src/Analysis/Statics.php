<?php
namespace Wsbridge\Analysis;

/** Finds static variables of functions, and static properties that functions write. No process keeps them for the next event. */
final class Statics
{
    /** Returns the names of those at a token, by the token's index. */
    public static function at(Program $program, Unit $unit, Code $code, $i)
    {
        $source = $code->source;
        if ($source->kinds[$i] === T_STATIC) {
            return $source->kinds[$i + 1] === T_VARIABLE && ($code->body > 0 || $code->isInClosure($i)) ? self::declared($unit, $source, $i) : [];
        }
        if ($unit->isFile || $source->kinds[$i + 1] !== T_VARIABLE || $source->kinds[$i + 2] === '(') {
            return [];
        }
        $write = Variables::write($program, $code, $i - 1, $i + 2);
        return $write === null || $write[0] === 'touch' ? [] : [$i => self::property($unit, $source, $i)];
    }

    /** Explains one of them, with its place. */
    public static function cause($name, array $place)
    {
        return ['why' => self::words($name) . ' starts anew in each event', 'file' => $place['file'], 'line' => $place['line']];
    }

    /** Names one of them for people. */
    public static function words($name)
    {
        return (strpos($name, '::$') === false ? 'static variable ' : 'static property ') . $name;
    }

    private static function declared(Unit $unit, Source $source, $i)
    {
        $declared = [];
        for ($at = $i + 1; $at < $source->last && $source->kinds[$at] !== ';'; $at++) {
            if ($source->kinds[$at] === T_VARIABLE && in_array($source->kinds[$at - 1], [T_STATIC, ','], true)) {
                $declared[$at] = $source->texts[$at] . ' of ' . $unit->label;
            } elseif (isset($source->partners[$at])) {
                $at = max($at, $source->partners[$at]);
            }
        }
        return $declared;
    }

    /** Returns the name of the static property at the "::" at $i. */
    public static function property(Unit $unit, Source $source, $i)
    {
        $class = $source->texts[$i - 1];
        if (in_array(strtolower($class), ['self', 'static', 'parent'], true) && strpos($unit->label, '::') !== false) {
            $class = substr($unit->label, 0, strpos($unit->label, '::'));
        }
        return $class . '::' . $source->texts[$i + 1];
    }
}
