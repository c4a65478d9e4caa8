<?php
namespace Wsbridge;

/** Finds and encodes what an event changed in one row, and decodes rows. */
final class RowChange
{
    /** The serialize() texts of tagged values, by client and field: === does not see that an object has changed. */
    private static $tagged = [];

    /** Whether a row may hold 0.0, which is === -0.0. */
    private static $zeros = false;

    /** Whether this process goes on after the event, and so keeps what no other one can be given. */
    private static $kept = false;

    /** What this event gave to rows that only this process can keep: what it is, by the name of the field. */
    public static $held = [];

    /** Prepares for an event, or for all events of a worker that stays. */
    public static function begin($zeros, $kept)
    {
        self::$tagged = [];
        self::$zeros = $zeros;
        self::$kept = $kept;
    }

    /** Reports whether a row that is still identical may have changed. */
    public static function isDoubtful($client)
    {
        return self::$zeros || isset(self::$tagged[$client]);
    }

    /** Returns the clients whose rows hold objects. */
    public static function withObjects()
    {
        return array_keys(self::$tagged);
    }

    /** Forgets a row that is gone. */
    public static function forget($client)
    {
        unset(self::$tagged[$client]);
    }

    /**
     * Returns the difference of one row. Fields that are still in their old order stay in place. From the first that is not, all
     * fields move to the end, in the new order.
     */
    public static function of($client, array $before, array $after)
    {
        $positions = array_flip(array_keys($before));
        $unset = array_diff_key($before, $after);
        $set = [];
        $last = -1;
        foreach ($after as $name => $value) {
            $known = isset($positions[$name]);
            if ($last !== false && $known && $positions[$name] > $last) {
                $last = $positions[$name];
                if (self::same($client, $name, $before[$name], $value)) {
                    continue;
                }
            } else {
                $last = false;
                if ($known) {
                    $unset[$name] = true;
                }
            }
            $json = self::encode($client, $name, $value);
            if ($json === null && isset($unset[$name])) {
                $json = self::encode($client, $name, $before[$name]);
            }
            if ($json !== null) {
                $set[] = Value::encodeName($name) . ':' . $json;
            }
        }
        $names = array_map([__NAMESPACE__ . '\Value', 'encodeName'], array_keys($unset));
        return ($names === [] ? '' : '"unset":[' . implode(',', $names) . ']' . ($set === [] ? '' : ','))
            . ($set === [] ? '' : '"set":{' . implode(',', $set) . '}');
    }

    private static function same($client, $name, $before, $after)
    {
        if (isset(self::$tagged[$client][$name])) {
            return Value::serialized($after) === self::$tagged[$client][$name];
        }
        if ($before !== $after) {
            return false;
        }
        return !self::$zeros || !is_float($after) && !is_array($after) || serialize($before) === serialize($after);
    }

    /** Encodes a value as JSON; null if it cannot be carried to the next event. */
    private static function encode($client, $name, $value)
    {
        try {
            $json = Value::encode($value);
            if (self::$kept) {
                self::remember($client, $name, $json);
            }
            return $json;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        if (self::$kept) {
            Answer::$bound[$client] = true;
            self::$held['$connections[][' . $name . ']'] = $why->getMessage();
            return null;
        }
        if (Answer::$channel !== null) {
            Answer::$bound[$client] = true; // such events run in the one process from now on
        }
        Answer::log('warning', 'field "' . $name . '" of row ' . $client
            . ' keeps its previous value: it was given what cannot outlive an event: ' . $why->getMessage());
        return null;
    }

    /** Remembers how an object was encoded, to see later whether it has changed. */
    public static function remember($client, $name, $json)
    {
        $text = strncmp($json, '{"\u0000php"', 12) === 0 ? Value::tagged(json_decode($json, true)) : null;
        if ($text !== null) {
            self::$tagged[$client][$name] = $text;
        } elseif (isset(self::$tagged[$client])) {
            unset(self::$tagged[$client][$name]);
            self::$tagged[$client] === [] && self::forget($client);
        }
    }

    /** Replaces tagged values and encoded names by the originals. */
    public static function untag(array $rows)
    {
        $plain = [];
        foreach ($rows as $client => $row) {
            $plain[$client] = [];
            foreach ($row as $name => $value) {
                $name = Value::decodeName($name);
                $text = Value::tagged($value);
                if ($text !== null) {
                    $value = self::unserialize($client, $name, $text);
                }
                $plain[$client][$name] = $value;
            }
        }
        return $plain;
    }

    /** Returns a tagged value. If its class refuses to be unserialized, handlers see null, and the row keeps the value. */
    private static function unserialize($client, $name, $text)
    {
        try {
            $value = Value::unserialize($text);
            self::$tagged[$client][$name] = $text;
            return $value;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        Answer::log('warning', 'field "' . $name . '" of row ' . $client . ' cannot be unserialized: ' . $why->getMessage());
        self::$tagged[$client][$name] = serialize(null);
        return null;
    }
}
