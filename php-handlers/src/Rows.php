<?php
namespace Wsbridge;

/** Fills $connections for an event, and finds what the event changed in it. */
final class Rows
{
    /** The rows as the event found them, without those of clients that it closed. */
    private static $before = [];

    /** The serialize() texts of tagged values, by client and field: === does not see that an object has changed. */
    private static $tagged = [];

    /** Whether a row may hold 0.0, which is === -0.0. */
    private static $zeros = false;

    /** Whether the event sees the rows of all clients, and not only its own. */
    private static $whole = false;

    /** The keys of the open clients as ranges; null if Presence knows them. */
    private static $open;

    /** The clients that the event closed, as keys. */
    private static $closed = [];

    public static function load(array $event)
    {
        global $connections;
        self::$whole = $event['whole'];
        self::$open = $event['open'];
        self::$zeros = $event['zeros'];
        self::$tagged = [];
        self::$closed = [];
        $rows = $event['rows'] === '' ? [] : Value::entries($event['rows']);
        self::$before = $event['tagged'] ? self::untag($rows) : $rows;
        $connections = self::$before;
    }

    /** Reports whether the event sees the row of a client. */
    public static function has($client)
    {
        return isset(self::$before[$client]);
    }

    /** Returns the keys of the clients whose rows the event sees. */
    public static function clients()
    {
        return array_keys(self::$before);
    }

    /** Reports whether a client is in state OPEN, also after changes by the event. */
    public static function isOpen($client)
    {
        global $connections;
        if (isset(self::$before[$client])) {
            return isset($connections[$client]['state']) && $connections[$client]['state'] === 'OPEN';
        }
        if (self::$whole || isset(self::$closed[$client])) {
            return false;
        }
        return self::$open === null ? Presence::isOpen($client) : self::isInRanges($client);
    }

    /** Returns JSON that stands for all open clients: a list of keys only if the event changed who is open. */
    public static function recipients()
    {
        global $connections;
        if (!is_array($connections)) {
            return '[]';
        }
        if ($connections === self::$before || self::states($connections) === self::states(self::$before)) {
            return '"open"';
        }
        $known = self::$before;
        if (!self::$whole) {
            $known += self::$open === null ? array_flip(Presence::clients()) : self::inRanges();
        }
        return '[' . implode(',', array_filter(array_keys($known), [__CLASS__, 'isOpen'])) . ']';
    }

    /** Removes the row of a closed client. This is no change to report, because wsbridge removes the row itself. */
    public static function remove($client)
    {
        global $connections;
        unset($connections[$client], self::$before[$client]);
        self::$closed[$client] = true;
    }

    /** Returns what the event has changed: the JSON entries of "rows". */
    public static function changes()
    {
        global $connections;
        if (!is_array($connections)) {
            Answer::log('warning', 'the handler made $connections something else than an array: no row is changed');
            return '';
        }
        if ($connections === self::$before && self::$tagged === [] && !self::$zeros) {
            return '';
        }
        foreach (array_diff_key($connections, self::$before) as $client => $row) {
            Answer::log('warning', 'row ' . $client . ' of $connections is ignored: '
                . (self::$whole ? 'there is no such client' : 'the event sees the row of its own client only'));
        }
        return Value::withExactFloats(function () {
            return self::differences();
        });
    }

    private static function differences()
    {
        global $connections;
        $changes = [];
        foreach (self::$before as $client => $before) {
            if (!isset($connections[$client])) {
                $changes[] = '"' . $client . '":null';
            } elseif (!is_array($connections[$client])) {
                Answer::log('warning', 'row ' . $client . ' of $connections is no array any more: it is not changed');
            } elseif (isset(self::$tagged[$client]) || self::$zeros || $before !== $connections[$client]) {
                $change = self::change($client, $before, $connections[$client]);
                if ($change !== '') {
                    $changes[] = '"' . $client . '":{' . $change . '}';
                }
            }
        }
        return implode(',', $changes);
    }

    /**
     * Returns the difference of one row. Fields that are still in their old order stay in place. From the first that is not, all
     * fields move to the end, in the new order.
     */
    private static function change($client, array $before, array $after)
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
            return Value::encode($value);
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        Answer::log('warning', 'field "' . $name . '" of row ' . $client
            . ' keeps its previous value: it was given what cannot outlive an event: ' . $why->getMessage());
        return null;
    }

    /** Replaces tagged values and encoded names by the originals. */
    private static function untag(array $rows)
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

    /** Returns each row's state by client; false for a row that has none. */
    private static function states(array $rows)
    {
        $states = array_column($rows, 'state');
        if (count($states) === count($rows)) {
            return array_combine(array_keys($rows), $states);
        }
        $states = [];
        foreach ($rows as $client => $row) {
            $states[$client] = isset($row['state']) ? $row['state'] : false;
        }
        return $states;
    }

    /** Returns the open clients, as keys. */
    private static function inRanges()
    {
        $clients = [];
        foreach (self::ranges() as $range) {
            $clients += array_fill_keys(range($range[0], $range[1]), true);
        }
        return $clients;
    }

    private static function isInRanges($client)
    {
        foreach (self::ranges() as $range) {
            if ($client >= $range[0] && $client <= $range[1]) {
                return true;
            }
        }
        return false;
    }

    /** Returns the ranges as pairs of first and last key. */
    private static function ranges()
    {
        if (is_string(self::$open)) {
            $ranges = [];
            foreach (self::$open === '' ? [] : explode(',', self::$open) as $range) {
                $ends = explode('-', $range);
                $ranges[] = [(int) $ends[0], (int) end($ends)];
            }
            self::$open = $ranges;
        }
        return self::$open;
    }
}
