<?php
namespace Wsbridge\Analysis;

/** Resolves the files that functions include. */
final class Includes
{
    /** Functions that a library may call at file scope. */
    const HARMLESS = 'define,defined,function_exists,class_exists,interface_exists,trait_exists,dirname';

    /** Returns the file that the include at $i names, or null if its name is computed. */
    public static function file(Program $program, Source $source, $i)
    {
        $path = self::fold($program, $source, $i + 1, $end);
        if ($path === null || $path === '' || $source->kinds[$end] !== ';') {
            return null;
        }
        foreach (self::candidates($path, dirname($source->file)) as $candidate) {
            if (is_file($candidate)) {
                return realpath($candidate);
            }
        }
        return null;
    }

    /** Reports whether a file only declares functions and classes. */
    public static function isLibrary(Program $program, Source $source)
    {
        foreach ($program->file->codes as $code) {
            foreach ($code->source === $source ? $code->segments : [] as $segment) {
                for ($i = $segment[0]; $i <= $segment[1]; $i++) {
                    if (!self::declares($program, $code, $i)) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private static function declares(Program $program, Code $code, $i)
    {
        $kind = $code->source->kinds[$i];
        if ($kind === '(') {
            $callee = Calls::callee($code, $i);
            return $callee[0] === '' || $callee[0] === 'function' && in_array($callee[1], explode(',', self::HARMLESS), true)
                && !isset($program->functions[$callee[1]]);
        }
        if ($kind === T_FUNCTION) {
            return $code->source->kinds[$i - 1] === T_USE;
        }
        return !in_array($kind, [T_VARIABLE, '$', T_EVAL, T_NEW, T_INCLUDE, T_INCLUDE_ONCE, T_REQUIRE, T_REQUIRE_ONCE, T_EXIT], true);
    }

    /** Evaluates an expression of literals, constants, __DIR__ and dirname(), or returns null. $end is set to the token after it. */
    private static function fold(Program $program, Source $source, $i, &$end)
    {
        $text = '';
        while (true) {
            $part = self::part($program, $source, $i, $end);
            if ($part === null) {
                return null;
            }
            $text .= $part;
            if ($source->kinds[$end] !== '.') {
                return $text;
            }
            $i = $end + 1;
        }
    }

    private static function part(Program $program, Source $source, $i, &$end)
    {
        $end = $i + 1;
        switch ($source->kinds[$i]) {
            case T_CONSTANT_ENCAPSED_STRING:
                return $source->literal($i);
            case T_DIR:
                return dirname($source->file);
            case T_FILE:
                return $source->file;
            case '(':
                $text = self::fold($program, $source, $i + 1, $end);
                $closed = $end === $source->after($i) - 1;
                $end = $source->after($i);
                return $closed ? $text : null;
            case T_STRING:
                $name = strtolower($source->texts[$i]);
                if (ltrim($name, '\\') === 'dirname' && $source->kinds[$i + 1] === '(' && !isset($program->functions['dirname'])) {
                    $text = self::part($program, $source, $i + 1, $end);
                    return $text === null ? null : dirname($text);
                }
                return $name === 'directory_separator' ? DIRECTORY_SEPARATOR : self::constant($program, $source->texts[$i]);
        }
        return null;
    }

    /** Returns the value of a constant that the settings file defines, or a single define(); else null. */
    private static function constant(Program $program, $name)
    {
        $name = Unit::last($name);
        if (isset($program->constants[$name])) {
            list($source, $i) = $program->constants[$name][0];
            $places = count($program->constants[$name]);
            unset($program->constants[$name]); // its value may name itself
            $text = self::fold($program, $source, $i, $end);
            $program->constants[$name] = array_fill(0, $places, [$source, $i]);
            return $places === 1 && $source->kinds[$end] === ')' ? $text : null;
        }
        $settings = isset($GLOBALS['settings']) ? (array) $GLOBALS['settings'] : [];
        $isSetting = preg_grep('/^\s*' . preg_quote($name, '/') . '\s*=/', $settings) !== [];
        return $isSetting && defined($name) ? constant($name) : null;
    }

    /** Returns the paths that PHP tries for a file. */
    private static function candidates($path, $folder)
    {
        if ($path[0] === '/' || preg_match('~^\.\.?/~', $path)) {
            return [$path];
        }
        $candidates = [];
        foreach (explode(PATH_SEPARATOR, get_include_path()) as $include) {
            $candidates[] = $include . '/' . $path;
        }
        $candidates[] = $folder . '/' . $path;
        return $candidates;
    }
}
