<?php
namespace Wsbridge;

/**
 * Carries PHP values through JSON exactly. What JSON cannot carry (bytes that are not UTF-8, NAN, INF, objects, very deep arrays) is
 * tagged: it travels as {"\u0000php": base64 of serialize()}. An array that has such a key itself is tagged, too. So only what this
 * class wrote is ever unserialized, and never what a client sent.
 */
final class Value
{
    const TAG = "\0php";

    /** A name that is not UTF-8 travels as this prefix and its base64. */
    const NAME = "\0b64:";

    /** Deeper arrays are tagged, because a JSON parser may have a limit. PHP's is 512. */
    const DEPTH = 100;

    /** How deep, and in how many arrays and objects, encode searches for resources. */
    const SEARCHED_DEPTH = 1000;
    const SEARCHED = 200000;

    /** What unserialize() calls for a class that is not there; empty: nothing. */
    public static $loader = '';

    private static $left = 0;
    private static $seen = [];

    /**
     * Encodes a value as JSON. Throws an Exception whose message names what cannot outlive a process: a resource, a closure.
     * Floats are exact only within withExactFloats().
     */
    public static function encode($value)
    {
        self::$left = self::SEARCHED;
        self::$seen = [];
        if (self::isPlain($value, 0)) {
            $json = json_encode($value, self::flags());
            if ($json !== false && !(is_array($value) && self::refersToItself($value))) { // false: a string is not UTF-8
                return $json;
            }
        }
        return '{"\u0000php":"' . base64_encode(serialize($value)) . '"}';
    }

    /** Returns the serialize() text of a decoded JSON value that encode tagged, or null. */
    public static function tagged($value)
    {
        return is_array($value) && isset($value[self::TAG]) && count($value) === 1 ? base64_decode($value[self::TAG]) : null;
    }

    /** Returns the array in a block of wsbridge's, which holds only arrays and scalars. */
    public static function entries($text)
    {
        return PHP_VERSION_ID >= 70000 ? unserialize($text, ['allowed_classes' => false]) : unserialize($text);
    }

    /** Returns the value of a serialize() text. Throws an Exception, or what the value's class throws. */
    public static function unserialize($text)
    {
        if (PHP_VERSION_ID < 80200) {
            return self::parse($text);
        }
        // PHP calls a property of an object deprecated that its class does not declare. The handler that made it has heard of that.
        $previous = set_error_handler(function ($level, $message, $file, $line) use (&$previous) {
            if ($level === E_DEPRECATED && strncmp($message, 'Creation of dynamic property', 28) === 0) {
                return true;
            }
            return $previous === null ? false : $previous($level, $message, $file, $line);
        });
        try {
            return self::parse($text);
        } finally {
            restore_error_handler();
        }
    }

    private static function parse($text)
    {
        // Without files to load it from, an object of a class that is gone is one of __PHP_Incomplete_Class, without a warning.
        ini_set('unserialize_callback_func', self::$loader);
        $value = PHP_VERSION_ID >= 70400 ? unserialize($text, ['max_depth' => 0]) : unserialize($text); // the default is 4096
        if ($value === false && $text !== 'b:0;') {
            throw new \Exception('unserialize() failed');
        }
        return $value;
    }

    /** Returns the serialize() text of a value, or null if it has none. A resource has one; encode refuses it. */
    public static function serialized($value)
    {
        try {
            return serialize($value);
        } catch (\Exception $e) {
            return null;
        } catch (\Throwable $e) {
            return null;
        }
    }

    /** Encodes a string for people to read as JSON: bytes that are not UTF-8 are replaced. */
    public static function text($string)
    {
        $json = json_encode((string) $string, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        if ($json === false) {
            $valid = htmlspecialchars_decode(htmlspecialchars($string, ENT_NOQUOTES | ENT_SUBSTITUTE, 'UTF-8'), ENT_NOQUOTES);
            $json = json_encode($valid, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        }
        return $json;
    }

    /** Encodes the name of a field as JSON. */
    public static function encodeName($name)
    {
        $name = (string) $name;
        if (strncmp($name, self::NAME, 5) !== 0) {
            $json = json_encode($name, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
            if ($json !== false) {
                return $json;
            }
        }
        return '"\u0000b64:' . base64_encode($name) . '"';
    }

    /** Returns the name that encodeName encoded. */
    public static function decodeName($name)
    {
        return strncmp((string) $name, self::NAME, 5) === 0 ? base64_decode(substr($name, 5)) : $name;
    }

    /** Calls $work with php.ini's rounding of floats switched off. */
    public static function withExactFloats($work)
    {
        $previous = ini_get('serialize_precision');
        if ($previous === '-1' || $previous === '17') {
            return $work();
        }
        ini_set('serialize_precision', '17');
        try {
            return $work();
        } finally {
            ini_set('serialize_precision', $previous);
        }
    }

    /** Reports whether JSON can carry a value, apart from its strings. Throws as encode does. */
    private static function isPlain($value, $depth)
    {
        if (is_string($value) || is_int($value) || is_bool($value) || $value === null) {
            return true;
        }
        if (is_float($value)) {
            return PHP_VERSION_ID >= 70100 && !is_nan($value) && !is_infinite($value); // PHP 5 writes 1.0 as 1
        }
        if (is_array($value)) {
            return self::isPlainArray($value, $depth);
        }
        if (!is_object($value)) {
            throw new \Exception('a resource');
        }
        self::search($value, $depth);
        return false;
    }

    /** Reports whether two places of an array are one by reference, which JSON does not tell. */
    private static function refersToItself(array $array)
    {
        $text = serialize($array);
        return strpos($text, 'R:') !== false && preg_match('/[;{]R:\d+;/', $text) === 1;
    }

    private static function isPlainArray(array $array, $depth)
    {
        // An array may contain itself by reference, even many times. The limits stop there, and leave it to serialize().
        if ($depth > self::SEARCHED_DEPTH || --self::$left < 0) {
            return false;
        }
        $plain = $depth < self::DEPTH && !array_key_exists(self::TAG, $array);
        foreach ($array as $value) {
            $plain = self::isPlain($value, $depth + 1) && $plain;
        }
        return $plain;
    }

    /** Searches an object for a resource, which serialize() silently writes as 0. */
    private static function search($object, $depth)
    {
        if ($object instanceof \Closure) {
            throw new \Exception('a Closure');
        }
        $isWhole = !$object instanceof \__PHP_Incomplete_Class; // else its class is gone, and PHP lets nobody ask for its methods
        $decides = $isWhole && ($object instanceof \Serializable || method_exists($object, '__serialize') || method_exists($object, '__sleep'));
        $hash = self::identity($object);
        if ($decides || isset(self::$seen[$hash])) {
            return;
        }
        self::$seen[$hash] = true;
        self::isPlainArray((array) $object, $depth);
    }

    /** Returns what tells an object from all others. PHP 8.6 deprecates spl_object_hash(), and before 7.2 there is nothing else. */
    public static function identity($object)
    {
        $function = PHP_VERSION_ID < 70200 ? 'spl_object_hash' : 'spl_object_id';
        return '#' . $function($object);
    }

    private static function flags()
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES;
        return PHP_VERSION_ID >= 70100 ? $flags | JSON_PRESERVE_ZERO_FRACTION : $flags;
    }
}
