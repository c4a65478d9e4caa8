<?php
namespace Wsbridge;

/**
 * Carries global variables from event to event, as the original's process did. The description tells wsbridge which ones: wsbridge
 * sends their values and is told how the event changed them.
 */
final class Globals
{
    /** Names that are never the application's. */
    private static $foreign = ['GLOBALS', '_GET', '_POST', '_COOKIE', '_FILES', '_SERVER', '_REQUEST', '_ENV', '_SESSION', 'argv', 'argc',
        'server', 'sockets', 'connections', 'http_response_header', 'php_errormsg', 'HTTP_RAW_POST_DATA', 'wsbridge_uncaught'];

    /** The names whose changes are reported; null for all. */
    private static $names = [];

    /** The names whose values are reported although the event does not change them. */
    private static $first = [];

    /** Those of them that came without a value, as keys. */
    private static $unknown = [];

    /** Whether variables that share something travel together. */
    private static $linked = false;

    /** Names that came together: if one has changed, all are reported. */
    private static $together = [];

    /** The serialize() text of each of these variables by name, before the event; null if it has none. */
    private static $before = [];

    /** How long the value may be, in bytes, of a variable that no handler writes: it comes with each event that reads it. */
    const MAX = 65536;

    /** Sets the variables and remembers their values. */
    public static function load(array $event)
    {
        self::$together = [];
        self::$linked = $event['linked'];
        self::$first = $event['first'];
        self::$unknown = [];
        self::fill($event['values']);
        self::$names = $event['any_global'] ? null : self::decodeNames($event['globals']);
        if (self::$first !== []) {
            self::expect($event);
        }
        self::$before = self::texts();
    }

    /** Returns the names of the variables of a block. */
    public static function namesIn($block)
    {
        return self::decodeNames($block === '' ? [] : array_map('strval', array_keys(Value::entries($block))));
    }

    /** Sets the variables of a block. Returns the names of those that came together. */
    private static function fill($block)
    {
        foreach ($block === '' ? [] : Value::entries($block) as $name => $value) {
            $text = Value::tagged($value);
            if ($text === null) {
                $GLOBALS[Value::decodeName($name)] = $value;
                continue;
            }
            if (strncmp($text, 'O:17:"Wsbridge\\Together"', 24) === 0) {
                require_once __DIR__ . '/Together.php';
            }
            $value = self::unserialize($name, $text);
            if (!$value instanceof Together) {
                $GLOBALS[Value::decodeName($name)] = $value;
            } elseif ($value->first === '') {
                self::$together = array_merge(self::$together, $value->restore());
            }
        }
        return self::$together;
    }

    public static function decodeNames(array $names)
    {
        return array_map([__NAMESPACE__ . '\Value', 'decodeName'], $names);
    }

    /** Returns what the event has changed: the JSON object of "globals", or "". */
    public static function changes()
    {
        if (self::$names === [] && self::$first === []) {
            return '';
        }
        return Value::withExactFloats(function () {
            return self::differences();
        });
    }

    /**
     * Sets the variables of a block in a worker that stays, which reports each variable by itself from now on. Returns what it has to be
     * told of them, like changes().
     */
    public static function take(array $event)
    {
        self::$names = self::fill($event['values']);
        self::expect($event);
        self::$unknown += array_flip(self::$names);
        self::$together = [];
        self::$before = self::texts();
        return self::changes();
    }

    /** Finds out which variables are to be reported that came without a value. */
    private static function expect(array $event)
    {
        self::$first = self::decodeNames($event['first']);
        self::$unknown = array_diff_key(array_flip(self::$first), array_flip(self::namesIn($event['values'])));
    }

    private static function differences()
    {
        $set = [];
        $lost = [];
        $after = self::texts();
        $changed = self::changed($after);
        $together = [];
        if ($changed !== [] && self::$linked) {
            require_once __DIR__ . '/Together.php';
            $together = Together::find($after);
        }
        if (array_intersect_key($together, $changed) !== []) {
            $changed += $together;
        }
        foreach (array_intersect_key($after, $changed) as $name => $text) {
            try {
                $set[] = Value::encodeName($name) . ':' . self::encode($name, isset($together[$name]) ? $together[$name] : $GLOBALS[$name]);
            } catch (\Exception $why) {
                $lost[] = Value::encodeName($name) . ':' . Value::text($why->getMessage());
            } catch (\Throwable $why) {
                $lost[] = Value::encodeName($name) . ':' . Value::text($why->getMessage());
            }
        }
        $encodeName = [__NAMESPACE__ . '\Value', 'encodeName'];
        $gone = array_map($encodeName, array_keys(array_diff_key(self::$before, $after)));
        $first = array_map($encodeName, array_filter(self::$first, function ($name) use ($after) {
            return !array_key_exists($name, $after) || array_key_exists($name, self::$before) && self::$before[$name] === $after[$name];
        }));
        $parts = array_filter([
            $gone === [] ? '' : '"unset":[' . implode(',', $gone) . ']',
            $set === [] ? '' : '"set":{' . implode(',', $set) . '}',
            $first === [] ? '' : '"first":[' . implode(',', $first) . ']',
            $lost === [] ? '' : '"lost":{' . implode(',', $lost) . '}',
        ]);
        return $parts === [] ? '' : '{' . implode(',', $parts) . '}';
    }

    private static function encode($name, $value)
    {
        $json = Value::encode($value);
        $isRead = isset(self::$unknown[$name]) && self::$names !== null && !in_array($name, self::$names, true);
        if ($isRead && strlen($json) > self::MAX) {
            throw new \Exception('a value of ' . strlen($json) . ' bytes');
        }
        return $json;
    }

    /** Returns the names of the variables to report, as keys: those that the event changed, and those that came without a value. */
    private static function changed(array $after)
    {
        $changed = array_intersect_key(self::$unknown, $after);
        foreach ($after as $name => $text) {
            if (!array_key_exists($name, self::$before) || self::$before[$name] !== $text) {
                $changed[$name] = true;
            }
        }
        $together = array_flip(self::$together);
        return array_intersect_key($together, $changed) === [] ? $changed : $changed + $together;
    }

    /** Returns the names of all global variables that may be the application's. */
    public static function names()
    {
        return array_diff(array_keys($GLOBALS), self::$foreign);
    }

    private static function texts()
    {
        $texts = [];
        $names = self::$names === null ? self::names() : self::$names;
        if (self::$first !== [] || self::$together !== []) {
            $names = array_unique(array_merge($names, self::$first, self::$together));
        }
        foreach ($names as $name) {
            if (array_key_exists($name, $GLOBALS)) {
                $texts[$name] = Value::serialized($GLOBALS[$name]);
            }
        }
        return $texts;
    }

    private static function unserialize($name, $text)
    {
        try {
            return Value::unserialize($text);
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        Answer::log('warning', 'the global variable $' . $name . ' cannot be unserialized: ' . $why->getMessage());
        return null;
    }
}
