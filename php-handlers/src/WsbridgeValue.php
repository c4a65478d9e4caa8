<?php
/* Values of rows as JSON, exactly. What JSON cannot carry travels as {"\u0000php": base64 of serialize()}. */
class WsbridgeValue
{
    const TAG = "\0php";
    const KEY_TAG = "\0b64:";
    const DEPTH = 400; // below json_decode's limit, with room for the table around it

    /** Returns the value's JSON, or false if it cannot be carried. */
    public static function encode($value)
    {
        if (is_object($value) || is_array($value) && (self::holdsObject($value) || self::looksTagged($value))) {
            return self::tag($value);
        }
        $json = self::json($value);
        return $json === false ? self::tag($value) : $json;
    }

    /** Returns what encode was given; $value is a field's decoded JSON. */
    public static function decode($value)
    {
        return is_array($value) && self::looksTagged($value) ? unserialize(base64_decode($value[self::TAG])) : $value;
    }

    public static function looksTagged(array $value)
    {
        return count($value) === 1 && isset($value[self::TAG]);
    }

    /** A field's name as a JSON string. */
    public static function encodeKey($key)
    {
        $json = json_encode((string) $key, JSON_UNESCAPED_SLASHES);
        if ($json === false || strncmp($key, self::KEY_TAG, 5) === 0) {
            $json = json_encode(self::KEY_TAG . base64_encode($key));
        }
        return $json;
    }

    public static function decodeKey($key)
    {
        return strncmp($key, self::KEY_TAG, 5) === 0 ? base64_decode(substr($key, 5)) : $key;
    }

    /** Says what keeps a value from living beyond the process, or returns null. */
    public static function obstacle($value, $depth = 0)
    {
        if (is_array($value)) {
            foreach ($value as $item) {
                $obstacle = $depth < self::DEPTH ? self::obstacle($item, $depth + 1) : null;
                if ($obstacle !== null) {
                    return $obstacle;
                }
            }
            return null;
        }
        if ($value instanceof Closure) {
            return 'Closure';
        }
        return strncmp(gettype($value), 'resource', 8) === 0 ? 'resource' : null;
    }

    /** Text for a log line: UTF-8 whatever it was. */
    public static function readable($text)
    {
        $text = (string) $text;
        if (preg_match('//u', $text) === 1) {
            return $text;
        }
        if (defined('JSON_INVALID_UTF8_SUBSTITUTE')) { // PHP 7.2
            return json_decode(json_encode($text, JSON_INVALID_UTF8_SUBSTITUTE));
        }
        return preg_replace('/[\x80-\xff]/', '?', $text);
    }

    public static function holdsObject(array $value, $depth = 0)
    {
        foreach ($value as $item) {
            if (is_object($item) || is_array($item) && $depth < self::DEPTH && self::holdsObject($item, $depth + 1)) {
                return true;
            }
        }
        return false;
    }

    private static function json($value)
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;
        if (PHP_VERSION_ID >= 70100) {
            return json_encode($value, $flags, self::DEPTH);
        }
        $precision = ini_set('precision', '17'); // json_encode's own precision came with 7.1
        $json = json_encode($value, $flags, self::DEPTH);
        ini_set('precision', $precision);
        return $json;
    }

    private static function tag($value)
    {
        if (self::obstacle($value) !== null) {
            return false;
        }
        try {
            return json_encode(array(self::TAG => base64_encode(serialize($value))), JSON_UNESCAPED_SLASHES);
        } catch (Exception $e) { // an object that refuses, such as PDO
            return false;
        }
    }
}
