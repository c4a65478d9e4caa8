<?php
namespace Wsbridge;

/**
 * Defines the functions that the original server offered to handlers. Some applications bring a copy of their own of one, or of the
 * original's whole helper file, and PHP cannot undefine a function. The option yield, a comma-separated list, settles such conflicts:
 * "send_email" leaves that function to the application; "@/path/shared_utils.php" loads the application's file first, and then
 * defines what is missing. Failure detects the conflicts.
 */
final class Helpers
{
    /** What parameters() returns. */
    private static $parameters = [];

    public static function define($yield)
    {
        $yielded = [];
        foreach ($yield === '' ? [] : explode(',', $yield) as $entry) {
            if (strncmp($entry, '@', 1) === 0) {
                self::load(rawurldecode(substr($entry, 1)));
            } else {
                $yielded[strtolower($entry)] = true;
            }
        }
        require self::file();
    }

    /** The file with the helpers of wsbridge. */
    public static function file()
    {
        return dirname(__DIR__) . '/functions.php';
    }

    /** Returns the parameters of each helper, each with its "name", by the helper's name: those that the file of helpers declares. */
    public static function parameters()
    {
        if (self::$parameters === []) {
            preg_match_all('/^ +function (\w+)\((.*)\)$/m', file_get_contents(self::file()), $functions, PREG_SET_ORDER);
            foreach ($functions as $function) {
                preg_match_all('/\$(\w+)/', $function[2], $names);
                self::$parameters[$function[1]] = array_map(function ($name) {
                    return ['name' => $name];
                }, $names[1]);
            }
        }
        return self::$parameters;
    }

    /** Returns the helpers that wsbridge has defined, as keys in lower case. */
    public static function ours()
    {
        $functions = get_defined_functions();
        return array_filter(array_flip($functions['user']), function ($name) {
            $function = new \ReflectionFunction($name);
            return $function->getFileName() === self::file();
        }, ARRAY_FILTER_USE_KEY);
    }

    /** Returns the entry of the option yield that lets a file define a helper. */
    public static function entry($name, $file)
    {
        $isEvents = realpath($file) === realpath(Application::$eventsFile); // is included in any case
        return $isEvents || !self::isLibrary($file) ? $name : '@' . str_replace('%2F', '/', rawurlencode($file));
    }

    private static function load($file)
    {
        if (is_file($file)) { // a new version of the application may not have it
            require_once $file;
        }
    }

    /** Reports whether a file only declares functions and classes, so that it can be loaded before the application loads it itself. */
    private static function isLibrary($file)
    {
        if (!function_exists('token_get_all')) {
            return false;
        }
        $depth = 0;
        $previous = null;
        foreach (token_get_all(file_get_contents($file)) as $token) {
            $kind = is_array($token) ? $token[0] : $token;
            $text = is_array($token) ? $token[1] : $token;
            if (in_array($kind, [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_OPEN_TAG, T_CLOSE_TAG], true) || $text === '&') {
                continue;
            }
            if ($depth === 0 && !self::declares($kind, $text, $previous)) {
                return false;
            }
            $depth += self::nesting($kind);
            $previous = $kind;
        }
        return true;
    }

    /** Reports whether a library may have a token outside of all braces and parentheses. */
    private static function declares($kind, $text, $previous)
    {
        if ($kind === T_STRING) {
            $named = [T_FUNCTION, T_CLASS, T_INTERFACE, T_TRAIT, T_EXTENDS, T_IMPLEMENTS, ','];
            return in_array($previous, $named, true) || strtolower($text) === 'define';
        }
        $declaring = [T_FUNCTION, T_CLASS, T_ABSTRACT, T_FINAL, T_INTERFACE, T_TRAIT, T_EXTENDS, T_IMPLEMENTS, T_IF,
            ',', ';', '(', '{', ')', '}'];
        return in_array($kind, $declaring, true) || $kind === T_INLINE_HTML && trim($text) === '';
    }

    private static function nesting($kind)
    {
        if (in_array($kind, ['(', '{', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES], true)) {
            return 1;
        }
        return $kind === ')' || $kind === '}' ? -1 : 0;
    }
}
