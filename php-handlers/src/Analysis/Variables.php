<?php
namespace Wsbridge\Analysis;

/** Tells what code does with a variable that it names. */
final class Variables
{
    /**
     * Returns how the variable at $start is written there, as a pair of a kind and an index, or null if it is only read. "assign" and
     * "element" have the index of the value that the variable, or an element of it, gets. "touch" means that the object in it may
     * change, "reference" that other code may write it from then on; "unset" and "other" say what they mean. $next is the token after
     * the variable's name.
     */
    public static function write(Program $program, Code $code, $start, $next)
    {
        $source = $code->source;
        list($end, $path) = self::path($source, $next);
        if ($path === 'call') {
            return ['touch', 0];
        }
        $follows = $source->kinds[$end];
        if ($follows === '=' && $source->kinds[$end + 1] !== '&') {
            return $path === 'property' ? ['touch', 0] : [$path === '' ? 'assign' : 'element', $end + 1];
        }
        $before = $source->kinds[$start - 1];
        $changes = in_array($follows, ['=', T_PLUS_EQUAL, T_INC, T_DEC], true) || $before === T_INC || $before === T_DEC
            || $code->reference && in_array($before, [T_RETURN, T_YIELD, T_DOUBLE_ARROW], true) || self::isDeclared($source, $start)
            || self::isLooped($source, $start, $end) || $before === '=' && self::isTakenApart($source, $start - 2);
        if ($changes) {
            return [$path === 'property' ? 'touch' : 'other', 0];
        }
        if ($before === '&' && self::isReference($source, $start - 1)) {
            return ['reference', 0];
        }
        return self::within($program, $code, $start, $end, $path);
    }

    /** Returns the token after all [..], ->name and ::$name that follow a variable, and which of them there are. */
    private static function path(Source $source, $i)
    {
        $path = '';
        while (true) {
            $kind = $source->kinds[$i];
            if ($kind === '[' || $kind === '{' && PHP_VERSION_ID < 80000) {
                $i = $source->after($i);
                $path = $path === '' ? 'element' : $path;
            } elseif ($kind === T_OBJECT_OPERATOR || $kind === T_DOUBLE_COLON) {
                $after = $source->kinds[$i + 1] === '{' ? $source->after($i + 1) : $i + 2;
                if ($source->kinds[$after] === '(') {
                    return [$after, 'call'];
                }
                if ($kind === T_DOUBLE_COLON && $source->kinds[$i + 1] !== T_VARIABLE) {
                    return [$after, $path]; // a constant of a class
                }
                $i = $after;
                $path = 'property';
            } else {
                return [$i, $path];
            }
        }
    }

    /** Reports whether the ampersand at $i makes a reference and is no operator. */
    private static function isReference(Source $source, $i)
    {
        $operands = [T_VARIABLE, T_STRING, T_LNUMBER, T_DNUMBER, T_CONSTANT_ENCAPSED_STRING, ')', ']', '}', '"'];
        return !in_array($source->kinds[$i - 1], $operands, true);
    }

    /** Reports whether a static or global statement declares the variable. */
    private static function isDeclared(Source $source, $i)
    {
        if ($source->kinds[$i - 1] === T_STATIC || $source->kinds[$i - 1] === T_GLOBAL) {
            return true;
        }
        $outer = $source->kinds[$source->outer[$i]];
        if ($source->kinds[$i - 1] !== ',' || $outer !== '{' && $source->outer[$i] !== 0) {
            return false;
        }
        while ($i > 1 && !in_array($source->kinds[$i - 1], [';', '{', '}', ':'], true)) {
            $i = isset($source->partners[$i - 1]) && $source->partners[$i - 1] < $i ? $source->partners[$i - 1] : $i - 1;
        }
        return $source->kinds[$i] === T_STATIC || $source->kinds[$i] === T_GLOBAL;
    }

    /** Tells how foreach writes the variable: it does after "as", and if it loops by reference. */
    private static function isLooped(Source $source, $start, $end)
    {
        $open = $source->outer[$start];
        if ($source->kinds[$open - ($open > 0 ? 1 : 0)] !== T_FOREACH) {
            return false;
        }
        $close = $source->after($open) - 1;
        for ($as = $open + 1; $as < $close && ($source->kinds[$as] !== T_AS || $source->outer[$as] !== $open); $as++);
        if ($as < $start) {
            return true;
        }
        for ($i = $as + 1; $i < $close && $end === $as; $i++) {
            if ($source->kinds[$i] === '&') {
                return true;
            }
        }
        return false;
    }

    /** Reports whether the list that ends at $close, "[.., &$x]" before "=", takes references. */
    private static function isTakenApart(Source $source, $close)
    {
        $isList = $source->kinds[$close] === ']' || $source->kinds[$close] === ')';
        $open = $isList && isset($source->partners[$close]) ? $source->partners[$close] : $close;
        for ($i = $open + 1; self::isTarget($source, $open) && $i < $close; $i++) {
            if ($source->kinds[$i] === '&') {
                return true;
            }
        }
        return false;
    }

    /** Tells how the bracket around the variable writes it: a list of parameters, unset(), list(), a call. */
    private static function within(Program $program, Code $code, $start, $end, $path)
    {
        $source = $code->source;
        $open = $source->outer[$start];
        if ($open === 0) {
            return null;
        }
        $before = $source->kinds[$open - 1] === '&' ? $source->kinds[$open - 2] : $source->kinds[$open - 1];
        if ($before === T_FUNCTION || $before === T_CATCH) {
            return ['other', 0];
        }
        if (!self::isWhole($source, $start, $end)) {
            return null;
        }
        if ($before === T_UNSET) {
            return [$path === 'property' ? 'touch' : ($path === '' ? 'unset' : 'other'), 0];
        }
        if ($source->kinds[$open] !== '(' || self::isTarget($source, $open)) {
            return self::isTarget($source, $open) ? ['other', 0] : null;
        }
        if (in_array($source->kinds[$open - 1], ['(', ',', T_ELLIPSIS], true)) {
            return self::within($program, $code, $open, $source->after($open), $path); // plain parentheses
        }
        return Calls::writes($program, $code, $open, $start) ? ['other', 0] : null;
    }

    /** Reports whether the variable is a whole argument or element. */
    private static function isWhole(Source $source, $start, $end)
    {
        $named = $source->kinds[$start - 1] === ':' && in_array($source->kinds[$start - 3], ['(', ','], true);
        return ($named || in_array($source->kinds[$start - 1], [',', '(', '[', T_DOUBLE_ARROW, T_ELLIPSIS, '&'], true))
            && in_array($source->kinds[$end], [',', ')', ']'], true);
    }

    /** Reports whether a bracket belongs to list(), or to [..] = ... */
    private static function isTarget(Source $source, $open)
    {
        if ($source->kinds[$open] === '(') {
            return $source->kinds[$open - 1] === T_LIST;
        }
        $indexed = [T_VARIABLE, T_STRING, ']', '"', T_CONSTANT_ENCAPSED_STRING];
        if ($source->kinds[$open] !== '[' || in_array($source->kinds[$open - 1], $indexed, true)) {
            return false;
        }
        $outer = $source->outer[$open];
        if ($source->kinds[$source->after($open)] === '=') {
            return true;
        }
        return $outer > 0 && (self::isLooped($source, $open, 0) || self::isTarget($source, $outer));
    }
}
