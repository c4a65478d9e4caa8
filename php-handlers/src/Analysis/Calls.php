<?php
namespace Wsbridge\Analysis;

/** Tells what a parenthesis calls. */
final class Calls
{
    /**
     * Returns what the parenthesis at $open calls: a list of a kind and a name in lower case. Kinds are "function", "method", "static"
     * (the third entry is the class, as written), "new" ("*" for any class), "closure" (called where it is defined), "dynamic" (the
     * name is the expression), and "" if it is no call.
     */
    public static function callee(Code $code, $open)
    {
        $source = $code->source;
        if ($open === $code->open) {
            return ['', '']; // its own parameters
        }
        switch ($source->kinds[$open - 1]) {
            case T_STRING:
                return self::named($code, $open - 1);
            case T_VARIABLE:
                return ['dynamic', $source->texts[$open - 1]];
            case T_STATIC:
                return $source->kinds[$open - 2] === T_NEW ? ['new', '*'] : ['', ''];
            case T_CLASS:
                return ['new', 'class@anonymous'];
            case ']':
            case '"':
            case T_CONSTANT_ENCAPSED_STRING:
                return ['dynamic', 'what an expression gives'];
            case ')':
                return self::afterParenthesis($source, $open);
            case '}':
                $before = $source->kinds[self::partner($source, $open - 1) - 1];
                $computed = in_array($before, [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_VARIABLE, '$', T_NEW], true);
                return $computed ? ['dynamic', 'what an expression gives'] : ['', ''];
        }
        return ['', ''];
    }

    private static function named(Code $code, $i)
    {
        $source = $code->source;
        $name = strtolower($source->texts[$i]);
        switch ($source->kinds[$i - 1]) {
            case T_OBJECT_OPERATOR:
                return ['method', $name];
            case T_DOUBLE_COLON:
                $class = $source->kinds[$i - 2];
                if ($class === T_VARIABLE && $source->kinds[$i - 3] === T_DOUBLE_COLON && strtolower($source->texts[$i - 4]) === 'parent') {
                    return ['', '']; // parent::$property::get(), a hook, which counts in any case
                }
                return $class === T_STRING || $class === T_STATIC ? ['static', $name, $source->texts[$i - 2]]
                    : ['dynamic', 'a method of a class that is computed'];
            case T_NEW:
                return ['new', in_array($name, ['self', 'parent'], true) ? '*' : $code->className($i)];
            case T_FUNCTION:
                return ['', ''];
            case '&':
                if ($source->kinds[$i - 2] === T_FUNCTION) {
                    return ['', ''];
                }
        }
        return ['function', $code->functionName($i)];
    }

    private static function afterParenthesis(Source $source, $open)
    {
        $start = self::partner($source, $open - 1);
        $statements = [T_IF, T_ELSEIF, T_WHILE, T_FOR, T_FOREACH, T_SWITCH, T_CATCH, T_DECLARE];
        if (in_array($source->kinds[$start - 1], $statements, true)) {
            return ['', ''];
        }
        $first = $source->kinds[$start + 1] === T_STATIC ? $start + 2 : $start + 1;
        $isClosure = $source->kinds[$first] === T_FUNCTION;
        return $isClosure ? ['closure', ''] : ['dynamic', 'what an expression gives'];
    }

    private static function partner(Source $source, $i)
    {
        return isset($source->partners[$i]) ? $source->partners[$i] : 1;
    }

    /** Reports whether a call may write into the argument that starts at $start. */
    public static function writes(Program $program, Code $code, $open, $start)
    {
        $callee = self::callee($code, $open);
        if ($callee[0] === 'dynamic' || $callee[0] === 'closure') {
            return true;
        }
        if ($callee[0] === '') {
            return false;
        }
        list($starts) = $code->source->elements($open);
        $position = 0;
        $plain = true; // no argument before it is named or spread
        foreach ($starts as $at => $first) {
            $plain = $plain && $code->source->kinds[$first] !== T_ELLIPSIS && $code->source->kinds[$first + 1] !== ':';
            if ($first > $start) {
                break;
            }
            $position = $at;
        }
        foreach (self::parameters($program, $callee) as $parameters) {
            if ($parameters === null || self::takesReference($parameters, $position, $plain)) {
                return true;
            }
        }
        return false;
    }

    private static function takesReference(array $parameters, $position, $plain)
    {
        foreach ($parameters as $at => $parameter) {
            if ($parameter['reference'] && (!$plain || $at === $position || $parameter['variadic'] && $at < $position)) {
                return true;
            }
        }
        return false;
    }

    /** Returns a list of parameters for each function that a call may mean; null for one that is not known. */
    private static function parameters(Program $program, array $callee)
    {
        list($kind, $name) = $callee;
        $units = [];
        $known = [];
        if ($kind === 'function') {
            $units = isset($program->functions[$name]) ? [$program->functions[$name]] : [];
            if (function_exists($name) || $units === []) {
                $known[] = function_exists($name) ? Php::parametersOf($name) : null;
            }
        } elseif ($kind === 'new') {
            $units = $program->constructors($name);
        } else {
            $units = isset($program->methods[$name]) ? $program->methods[$name] : [];
            $known = Php::parametersOfMethods($name);
            if (in_array($name, explode(',', Php::WRITING), true)) {
                $known[] = null;
            }
        }
        foreach ($units as $unit) {
            foreach ($unit->codes as $code) {
                $known[] = $code->parameters;
            }
        }
        return $known;
    }
}
