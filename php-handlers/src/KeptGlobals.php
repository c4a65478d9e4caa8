<?php
namespace Wsbridge;

/**
 * Reports how an event changed the living global variables, in a worker that stays. There they keep their values by themselves;
 * wsbridge needs a copy of them for the worker that comes after this one.
 */
final class KeptGlobals
{
    /** The names of the variables that the event may change. */
    private static $names = [];

    /** Whether the event may make new variables, too. */
    private static $anyGlobal = false;

    /** Their values before the event. */
    private static $before = [];

    /** The serialize() texts of those that hold objects, by name: === does not see that an object has changed. */
    private static $texts = [];

    /** The variables that were looked at, by name: what a variable holds that only this process can keep, or "". */
    private static $seen = [];

    /** What was found of that since the last call of held(). */
    public static $held = [];

    public static function begin(array $event)
    {
        self::$names = $event['any_global'] ? self::all() : Globals::decodeNames($event['globals']);
        self::$before = [];
        foreach (self::$names as $name) {
            if (array_key_exists($name, $GLOBALS)) {
                self::$before[$name] = $GLOBALS[$name];
                if (!isset(self::$seen[$name])) {
                    self::encode($name); // a value of file scope, which wsbridge need not be told
                }
            }
        }
        self::$anyGlobal = $event['any_global'];
    }

    /** Returns what the event has changed: the JSON object of "globals", or "". */
    public static function changes()
    {
        if (self::$names === [] && !self::$anyGlobal) {
            return '';
        }
        $set = [];
        $unset = [];
        foreach (self::$anyGlobal ? array_unique(array_merge(self::$names, self::all())) : self::$names as $name) {
            if (!array_key_exists($name, $GLOBALS)) {
                if (array_key_exists($name, self::$before)) {
                    $unset[] = Value::encodeName($name);
                }
            } elseif (self::hasChanged($name)) {
                $json = self::encode($name);
                if ($json !== null) {
                    $set[] = Value::encodeName($name) . ':' . $json;
                }
            }
        }
        self::$before = [];
        $parts = array_filter([
            $unset === [] ? '' : '"unset":[' . implode(',', $unset) . ']',
            $set === [] ? '' : '"set":{' . implode(',', $set) . '}',
        ]);
        return $parts === [] ? '' : '{' . implode(',', $parts) . '}';
    }

    /** Returns the names of all variables of the application. $handles has the child processes, which are passed on by themselves. */
    private static function all()
    {
        return array_diff(Globals::names(), ['handles']);
    }

    /** Remembers how a variable was encoded that has changed unseen. */
    public static function remember($name, $json)
    {
        unset(self::$texts[$name]);
        if (strncmp($json, '{"\u0000php"', 12) === 0) {
            self::$texts[$name] = Value::serialized($GLOBALS[$name]);
        }
        self::$seen[$name] = '';
    }

    private static function hasChanged($name)
    {
        if (!array_key_exists($name, self::$before) || self::$before[$name] !== $GLOBALS[$name]) {
            return true;
        }
        return isset(self::$texts[$name]) && self::$texts[$name] !== Value::serialized($GLOBALS[$name]);
    }

    /** Encodes a variable's value as JSON; null if only this process can keep it. */
    private static function encode($name)
    {
        unset(self::$texts[$name]);
        try {
            $json = Value::withExactFloats(function () use ($name) {
                return Value::encode($GLOBALS[$name]);
            });
            self::remember($name, $json);
            return $json;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        if (!isset(self::$seen[$name]) || self::$seen[$name] !== $why->getMessage()) {
            self::$held['$' . $name] = $why->getMessage();
        }
        self::$seen[$name] = $why->getMessage();
        return null;
    }
}
