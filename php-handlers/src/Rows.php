<?php
namespace Wsbridge;

/** $connections: fills it for an event, and finds what the event has changed in it. */
final class Rows
{
    /** The rows as the event found them, less those it closed. */
    private static $before = [];

    /** By client and field: the serialize() text of values that came tagged. Objects change without any ===. */
    private static $tagged = [];

    /** Whether a row may hold 0.0, which === takes for -0.0. */
    private static $zeros = false;

    /** Whether the event sees every client's row, or its own only. */
    private static $whole = false;

    /** Keys of the open clients as ranges; null if Presence tells. */
    private static $open;

    /** Clients closed by the event. */
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

    /** Whether the event sees a row of that client. */
    public static function has($client)
    {
        return isset(self::$before[$client]);
    }

    /** The keys of the clients whose rows the event sees. */
    public static function clients()
    {
        return array_keys(self::$before);
    }

    /** Whether a client is in state OPEN, as the event has found and left it. */
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

    /** JSON for all open clients. It is a list only if the handler itself has changed who is open. */
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

    /** Takes a closed client's row away. The bridge does so by itself: it is no change to report. */
    public static function close($client)
    {
        global $connections;
        unset($connections[$client], self::$before[$client]);
        self::$closed[$client] = true;
    }

    /** What the event has changed, as JSON: the entries of "rows". */
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
        return Value::exactly([__CLASS__, 'differences']);
    }

    /** For changes only. */
    public static function differences()
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
     * The difference of one row. Fields that still stand in their old order stay where they are; from the first that
     * does not, all go to the end, in the new order.
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

    /** A value's JSON, or null if it cannot be carried to the next event. */
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

    /** Replaces tagged values by what they stand for, and names likewise. */
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

    /** A tagged value. One that cannot be had, since its class threw it out, is null to handlers and stays as it is. */
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

    /** Each row's state by client; of a row without one, false. */
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

    /** The clients in the ranges, as keys. */
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

    /** Pairs of first and last key. */
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
