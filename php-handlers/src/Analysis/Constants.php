<?php
namespace Wsbridge\Analysis;

/** Tells constants from other names. */
final class Constants
{
    /** The kinds of tokens before and after a name in an expression, as keys. */
    private static $before;
    private static $after;

    /** Reports whether the name at $i, no call and no class before "::", is a constant. In doubt it is not. */
    public static function isOne(Code $code, $i)
    {
        $source = $code->source;
        self::$before = self::$before ?: self::before();
        self::$after = self::$after ?: self::after();
        return isset(self::$before[$source->kinds[$i - 1]], self::$after[$source->kinds[$i + 1]])
            && !self::isInClass($code) && !self::isHead($code, $i) && !self::isListed($source, $i);
    }

    private static function before()
    {
        return array_flip(['(', ',', '.', '=', '[', '?', ':', '+', '-', '*', '/', '%', '!', '<', '>', '&', '|', '^', '@', T_PLUS_EQUAL,
            T_DOUBLE_ARROW, T_RETURN, T_ECHO, T_PRINT, T_CASE, T_BOOLEAN_AND, T_BOOLEAN_OR, T_LOGICAL_AND, T_LOGICAL_OR, T_LOGICAL_XOR,
            T_IS_EQUAL, T_IS_NOT_EQUAL, T_IS_IDENTICAL, T_IS_NOT_IDENTICAL, T_IS_SMALLER_OR_EQUAL, T_IS_GREATER_OR_EQUAL, T_SL, T_SR,
            T_STRING_CAST, T_INT_CAST, T_DOUBLE_CAST, T_BOOL_CAST, T_ARRAY_CAST]);
    }

    private static function after()
    {
        return self::before() + array_flip([')', ']', ';', T_AS]);
    }

    /** Reports whether code is a class without its methods, where names are types. */
    private static function isInClass(Code $code)
    {
        return $code->body === 0 && $code->source->kinds[$code->segments[0][0]] === '{';
    }

    /** Reports whether a name is in the head of a function, where names are types, or in that of a catch or declare. */
    private static function isHead(Code $code, $i)
    {
        $source = $code->source;
        if ($code->body > 0 && $i <= $code->body) {
            return $source->kinds[$i - 1] !== '=';
        }
        $open = $source->outer[$i];
        $owner = $open === 0 ? ';' : ($source->kinds[$open - 1] === '&' ? $source->kinds[$open - 2] : $source->kinds[$open - 1]);
        if (in_array($owner, [T_CATCH, T_DECLARE], true) || $owner === T_FUNCTION && $source->kinds[$i - 1] !== '=') {
            return true;
        }
        $at = $i - 1; // back over a type, to the ":" of a closure's return type
        while (in_array($source->kinds[$at], [T_STRING, '|', '&', '?', T_ARRAY], true)) {
            $at--;
        }
        return $source->kinds[$at] === ':' && $source->kinds[$at - 1] === ')' && isset($source->partners[$at - 1])
            && in_array($source->kinds[$source->partners[$at - 1] - 1], [T_FUNCTION, T_USE, '&'], true);
    }

    /** Reports whether a name is a label, an argument's name, or in a list after "use" or "implements". */
    private static function isListed(Source $source, $i)
    {
        $isName = $source->kinds[$i + 1] === ':' && in_array($source->kinds[$i - 1], ['(', ','], true);
        if ($isName || $source->kinds[$i - 1] !== ',' && $source->kinds[$i - 1] !== '=') {
            return $isName;
        }
        for ($at = $i - 1; in_array($source->kinds[$at], [T_STRING, ','], true); $at--);
        return in_array($source->kinds[$at], [T_USE, T_IMPLEMENTS, T_EXTENDS, T_CONST], true);
    }
}
