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

    /** The serialize() text of each of these variables by name, before the event; null if it has none. */
    private static $before = [];

    /** Sets the variables and remembers their values. */
    public static function load(array $event)
    {
        $values = $event['values'] === '' ? [] : Value::entries($event['values']);
        foreach ($values as $name => $value) {
            $text = Value::tagged($value);
            $GLOBALS[Value::decodeName($name)] = $text === null ? $value : self::unserialize($name, $text);
        }
        self::$names = $event['any_global'] ? null : array_map([__NAMESPACE__ . '\Value', 'decodeName'], $event['globals']);
        self::$before = self::texts();
    }

    /** Returns what the event has changed: the JSON object of "globals", or "". */
    public static function changes()
    {
        if (self::$names === []) {
            return '';
        }
        return Value::withExactFloats(function () {
            return self::differences();
        });
    }

    private static function differences()
    {
        $set = [];
        $lost = [];
        $after = self::texts();
        foreach ($after as $name => $text) {
            if (array_key_exists($name, self::$before) && self::$before[$name] === $text) {
                continue;
            }
            try {
                $set[] = Value::encodeName($name) . ':' . Value::encode($GLOBALS[$name]);
            } catch (\Exception $why) {
                $lost[] = Value::encodeName($name) . ':' . Value::text($why->getMessage());
            } catch (\Throwable $why) {
                $lost[] = Value::encodeName($name) . ':' . Value::text($why->getMessage());
            }
        }
        $gone = array_map([__NAMESPACE__ . '\Value', 'encodeName'], array_keys(array_diff_key(self::$before, $after)));
        $parts = array_filter([
            $gone === [] ? '' : '"unset":[' . implode(',', $gone) . ']',
            $set === [] ? '' : '"set":{' . implode(',', $set) . '}',
            $lost === [] ? '' : '"lost":{' . implode(',', $lost) . '}',
        ]);
        return $parts === [] ? '' : '{' . implode(',', $parts) . '}';
    }

    private static function texts()
    {
        $texts = [];
        foreach (self::$names === null ? array_diff(array_keys($GLOBALS), self::$foreign) : self::$names as $name) {
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
