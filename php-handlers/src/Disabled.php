<?php
namespace Wsbridge;

/** Finds out which functions of PHP's a hardened php.ini disables (disable_functions) although wsbridge's code needs them. */
final class Disabled
{
    /** What this class itself needs. */
    const TOOLS = ['ini_get', 'get_cfg_var', 'scandir', 'file_get_contents', 'token_get_all', 'explode', 'implode', 'trim', 'strtolower', 'substr',
        'is_array', 'in_array', 'array_keys', 'array_diff_key', 'sort'];

    /** Returns the names of those functions but $known, in the order of their names; none if what finds them is disabled, too. */
    public static function needed($known)
    {
        foreach (self::TOOLS as $tool) {
            if (!function_exists($tool)) {
                return [];
            }
        }
        $disabled = self::listed();
        $needed = $guarded = [];
        foreach ([__DIR__, __DIR__ . '/Analysis'] as $folder) {
            foreach ((array) @scandir($folder) as $name) {
                if (substr($name, -4) === '.php') {
                    self::read(token_get_all((string) file_get_contents($folder . '/' . $name)), $disabled, $needed, $guarded);
                }
            }
        }
        unset($needed[$known]);
        $names = array_keys(array_diff_key($needed, $guarded));
        sort($names);
        return $names;
    }

    /** Returns what php.ini and the pool disable, which is in two places, as keys. */
    private static function listed()
    {
        $names = [];
        foreach (explode(',', ini_get('disable_functions') . ',' . get_cfg_var('disable_functions')) as $name) {
            $names[strtolower(trim($name))] = true;
        }
        return $names;
    }

    /** Adds the disabled functions that a file calls, and those that it can do without, since it asks whether they are there. */
    private static function read(array $tokens, array $disabled, array &$needed, array &$guarded)
    {
        $before = $last = null; // the two tokens before, but for space
        foreach ($tokens as $token) {
            $kind = is_array($token) ? $token[0] : $token;
            if ($kind === T_WHITESPACE) {
                continue;
            }
            if ($kind === T_CONSTANT_ENCAPSED_STRING && $last === '(' && $before === 'function_exists') {
                $guarded[trim($token[1], '\'"')] = true;
            }
            $name = is_array($last) ? strtolower($last[1]) : '';
            if ($kind === '(' && $name !== '') {
                $isCall = $last[0] === T_STRING && !in_array($before, [T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW], true);
                if ($isCall && isset($disabled[$name])) {
                    $needed[$name] = true;
                }
                $before = $name;
            } else {
                $before = is_array($last) ? $last[0] : $last;
            }
            $last = $token;
        }
    }
}
