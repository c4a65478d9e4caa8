<?php
namespace Wsbridge;

/**
 * The legacy settings file, whose KEY=VALUE lines become constants.
 *
 * To read it takes a tenth of a small event's time. So the description gives wsbridge a copy of it as PHP code, which wsbridge writes
 * to a file and opcache then holds. A copy is used only as long as the settings file is as it was.
 */
final class Settings
{
    /** When the file was last changed, as a Unix time; 0 if there is no file. */
    public static $changed = 0;

    /** The times of the file's last changes and its size, or "". */
    public static $state = '';

    /** Defines the constants, by the copy if it is true. Returns the file's lines, or null if it cannot be read. */
    public static function load($file, $copyFile)
    {
        self::look($file);
        $copy = $copyFile === '' ? null : @include $copyFile;
        if (!is_array($copy) || $copy[0] !== self::$state) {
            $copy = self::read($file);
        }
        if ($copy === null) {
            return null;
        }
        foreach ($copy[1] as $name => $value) {
            if (!defined($name)) {
                define($name, $value);
            }
        }
        return $copy[2];
    }

    /** Returns the copy as PHP code, or "" if there is none, or if the file may just be changing. */
    public static function copy()
    {
        $file = Parameters::$options[Parameters::SETTINGS];
        $copy = self::$state === '' || time() <= self::$changed ? null : self::read($file);
        $state = self::$state;
        clearstatcache();
        self::look($file);
        return $copy === null || self::$state !== $state ? '' : "<?php\nreturn " . var_export($copy, true) . ";\n";
    }

    private static function look($file)
    {
        $modified = @filemtime($file);
        if ($modified !== false) {
            self::$changed = filectime($file); // unlike the other, nobody can set it
            self::$state = $modified . ':' . self::$changed . ':' . filesize($file);
        }
    }

    /** Returns the file's state, the values of the constants by name, and the lines; null if it cannot be read. */
    private static function read($file)
    {
        $text = @file_get_contents($file);
        if ($text === false) {
            return null;
        }
        if (strncmp($text, "\xef\xbb\xbf", 3) === 0) {
            $text = substr($text, 3);
        }
        $values = [];
        $lines = explode("\n", $text);
        foreach ($lines as $line) {
            $line = trim($line);
            if ($line === '' || $line[0] === '#' || strpos($line, '=') === false) {
                continue;
            }
            $pair = explode('=', $line, 2);
            $name = rtrim($pair[0]);
            if ($name !== '' && strpos($name, '::') === false && !isset($values[$name])) {
                $values[$name] = ltrim($pair[1]);
            }
        }
        return [self::$state, $values, $lines];
    }
}
