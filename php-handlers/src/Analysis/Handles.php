<?php
namespace Wsbridge\Analysis;

use Wsbridge\Value;

/**
 * Recognizes a connection to a server that code opens whenever it gets there without one. Each process may have its own: nothing but
 * the connection is kept, unless the application keeps something on it.
 */
final class Handles
{
    /** Matches text by which something outlives its statement on a connection: a temporary table, a lock, a variable, a cursor. */
    const KEEPING = '/:memory:|\b(create|drop)\s+(global\s+|local\s+)?temp(orary)?\b|\bget_lock\s*\(|advisory_lock|\block\s+tables?\b'
        . '|\bset\s+@|:=|^\s*listen\s|\bdeclare\s+\w+\s+cursor\b/i';

    /** The place of the first such text in a program: "file:line", or "". */
    private static $keeping = [];

    /** Reports whether a write gives a variable a connection. */
    public static function isConnection(Program $program, array $write)
    {
        if (!in_array($write['kind'], ['assign', 'element'], true) || self::keeps($program) !== '') {
            return false;
        }
        $value = self::value($write['code']->source, $write['value'], self::names($write));
        return ProcessBound::isConnection(ProcessBound::of($program, $write['code'], $value, 2));
    }

    /** Reports whether the code of a write does it whenever it gets there and the variable is empty. */
    public static function isWhenNeeded(array $write)
    {
        $code = $write['code'];
        if ($code->isInClosure($write['at'])) {
            return false;
        }
        for ($i = $write['at']; true; $i = $open) {
            $start = self::start($code->source, $i);
            $open = $code->source->outer[$start];
            if (!self::asksOnly($code->source, $start, $i, self::names($write))) {
                return false;
            }
            if ($open <= 0 || $open === $code->body) {
                return true;
            }
            if ($code->source->kinds[$open] !== '(' && !self::isEntered($code->source, $open, self::names($write))) {
                return false;
            }
        }
    }

    /** Returns the place where a program keeps something on a connection, or "". */
    public static function keeps(Program $program)
    {
        $key = Value::identity($program);
        if (!isset(self::$keeping[$key])) {
            self::$keeping[$key] = '';
            foreach ($program->sources as $source) {
                for ($i = 1; $i < $source->last && self::$keeping[$key] === ''; $i++) {
                    $isText = in_array($source->kinds[$i], [T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE], true);
                    if ($isText && preg_match(self::KEEPING, trim($source->texts[$i], '"\''))) {
                        self::$keeping[$key] = basename($source->file) . ':' . $source->lines[$i];
                    }
                }
            }
        }
        return self::$keeping[$key];
    }

    /** Returns the texts by which code names the variable of a write. */
    private static function names(array $write)
    {
        $name = isset($write['variable']) ? $write['variable'] : $write['code']->source->texts[$write['at']];
        $plain = ltrim($name, '$');
        return [$name, '"' . $plain . '"', "'" . $plain . "'"];
    }

    /** Returns where the value begins: after "$x ?:" and "$x ??". */
    private static function value(Source $source, $i, array $names)
    {
        for ($at = $i; $at < $source->last && !in_array($source->kinds[$at], [';', ','], true); $at++) {
            $isElse = $source->matches($at, ['?', ':']) || defined('T_COALESCE') && $source->kinds[$at] === constant('T_COALESCE');
            if ($isElse) {
                return self::mentions($source, $i, $at, $names) ? $at + ($source->kinds[$at] === '?' ? 2 : 1) : $i;
            }
            $at = isset($source->partners[$at]) && $source->partners[$at] > $at ? $source->partners[$at] : $at;
        }
        return $i;
    }

    /** Returns the first token of the statement, or after the bracket, that $i is in. */
    private static function start(Source $source, $i)
    {
        while ($i > 1 && !in_array($source->kinds[$i - 1], [';', '{', '}', '(', '[', T_CURLY_OPEN], true)) {
            $i = isset($source->partners[$i - 1]) && $source->partners[$i - 1] < $i - 1 ? $source->partners[$i - 1] : $i - 1;
        }
        return $i;
    }

    /** Reports whether nothing between $start and $end but the variable decides whether the code at $end runs. */
    private static function asksOnly(Source $source, $start, $end, array $names)
    {
        $asking = [T_IF, '?', T_BOOLEAN_AND, T_BOOLEAN_OR, T_LOGICAL_AND, T_LOGICAL_OR, defined('T_COALESCE') ? constant('T_COALESCE') : T_IF];
        for ($i = $start; $i < $end; $i++) {
            if ($i + 1 === $end && in_array($source->kinds[$i], [T_IF, T_WHILE, T_SWITCH], true)) {
                return true; // $end is its condition, which is always computed
            }
            if (in_array($source->kinds[$i], [T_ELSE, T_ELSEIF, T_FOR, T_FOREACH, T_WHILE, T_SWITCH, T_CASE, T_DEFAULT, ':'], true)) {
                return false;
            }
            if (in_array($source->kinds[$i], $asking, true)) {
                return self::mentions($source, $start, $end, $names);
            }
            $i = isset($source->partners[$i]) ? max($i, $source->partners[$i]) : $i;
            if ($i > $end) {
                return true; // $end is in that bracket
            }
        }
        return true;
    }

    /** Reports whether the block at $open is entered always, or if the variable is empty. */
    private static function isEntered(Source $source, $open, array $names)
    {
        $before = $source->kinds[$open - 1];
        if ($source->kinds[$open] !== '{' || $before !== ')') {
            return $source->kinds[$open] === '{' && in_array($before, [T_TRY, T_FINALLY, T_DO, ';', '}'], true);
        }
        $condition = $source->partners[$open - 1];
        return $source->kinds[$condition - 1] === T_IF && self::mentions($source, $condition, $open, $names);
    }

    private static function mentions(Source $source, $from, $to, array $names)
    {
        for ($i = $from; $i < $to; $i++) {
            $kind = $source->kinds[$i];
            if (($kind === T_VARIABLE || $kind === T_CONSTANT_ENCAPSED_STRING) && in_array($source->texts[$i], $names, true)) {
                return true;
            }
        }
        return false;
    }
}
