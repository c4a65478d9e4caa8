<?php
namespace Wsbridge;

/**
 * Global variables that live from event to event, as they did in the original's one process. Which ones they are wsbridge
 * knows from the description: it sends their values and is told what the event has made of them.
 */
final class Globals
{
    /** Never the application's own. */
    private static $foreign = ['GLOBALS', '_GET', '_POST', '_COOKIE', '_FILES', '_SERVER', '_REQUEST', '_ENV', '_SESSION', 'argv', 'argc',
        'server', 'sockets', 'connections', 'http_response_header', 'php_errormsg', 'HTTP_RAW_POST_DATA', 'wsbridge_uncaught'];

    /** Names to be watched, or null for those of whichever there are. */
    private static $names = [];

    /** By name: the serialize() text of each watched variable that there is; null if it cannot be carried. */
    private static $before = [];

    /** Sets the variables to what the event is to find, and remembers them. */
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

    /** What the event has changed, as JSON: the object behind "globals". Empty if nothing. */
    public static function changes()
    {
        if (self::$names === []) {
            return '';
        }
        return Value::exactly([__CLASS__, 'differences']);
    }

    /** For changes only. */
    public static function differences()
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
