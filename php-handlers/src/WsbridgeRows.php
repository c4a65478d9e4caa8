<?php
/* The rows of $connections: as an event brings them, and what its handlers changed. */
class WsbridgeRows
{
    private static $before = array();  // as decoded; copies cost nothing until a handler writes
    private static $tagged = array();  // key => field => JSON of values that hold objects
    private static $open;              // an own-row event's keys in state OPEN, as ranges; null with a table
    private static $openKeys = null;
    private static $gone = array();    // keys that close_client took away

    /** Makes the event's $connections. */
    public static function take(array $event, $tags)
    {
        self::$tagged = self::$gone = array();
        self::$open = isset($event['table']) ? null : (isset($event['open']) ? $event['open'] : '');
        self::$openKeys = null;
        if (isset($event['table'])) {
            $rows = $event['table'];
        } else {
            $rows = isset($event['row']) ? array($event['client'] => $event['row']) : array();
        }
        if ($tags) {
            foreach ($rows as $key => $row) {
                $rows[$key] = self::untag($key, $row);
            }
        }
        self::$before = $rows;
        return $rows;
    }

    /** Whether send_text may send: true for a client whose row says so, or that the bridge says is open. */
    public static function isOpen($key)
    {
        global $connections;
        if (isset($connections[$key])) {
            return isset($connections[$key]['state']) && $connections[$key]['state'] === 'OPEN';
        }
        return self::$open !== null && !isset(self::$gone[$key]) && !isset(self::$before[$key]) && self::openElsewhere($key);
    }

    /** Who a broadcast goes to: "open", or a list if the handlers of this event changed that. */
    public static function recipients()
    {
        global $connections;
        $same = true;
        foreach (self::$before as $key => $row) {
            $was = isset($row['state']) ? $row['state'] : null;
            $is = isset($connections[$key]['state']) ? $connections[$key]['state'] : null;
            if ($was !== $is && !isset(self::$gone[$key])) {
                $same = false;
                break;
            }
        }
        if ($same) {
            return '"open"';
        }
        $keys = self::$open === null ? array() : array_diff(self::keysElsewhere(), array_keys(self::$before));
        foreach ($connections as $key => $row) {
            if (isset($row['state']) && $row['state'] === 'OPEN') {
                $keys[] = $key;
            }
        }
        return json_encode(array_values($keys));
    }

    /** Whether the bridge has a client with that key, as far as this event can know. */
    public static function has($key)
    {
        global $connections;
        return isset($connections[$key]) && isset(self::$before[$key]);
    }

    /** Takes a closed client's row away for good. */
    public static function forget($key)
    {
        global $connections, $sockets;
        self::$gone[$key] = true;
        unset(self::$before[$key], $connections[$key], $sockets[$key]);
    }

    /** The differences as JSON by client key. */
    public static function changes()
    {
        global $connections;
        $changes = array();
        foreach (self::$before as $key => $row) {
            if (!isset($connections[$key])) {
                $changes[] = '"' . $key . '":null';
            } elseif ($connections[$key] !== $row || isset(self::$tagged[$key])) {
                $change = self::change($key, $row, $connections[$key]);
                if ($change !== null) {
                    $changes[] = '"' . $key . '":' . $change;
                }
            }
        }
        if (count($connections) > count(self::$before) - count($changes)) {
            self::reportInvented();
        }
        return '{' . implode(',', $changes) . '}';
    }

    private static function change($key, array $before, $after)
    {
        if (!is_array($after)) {
            WsbridgeAnswer::log('warning', "\$connections[$key] is no longer an array: the row stays as it was");
            return null;
        }
        $unset = array_keys(array_diff_key($before, $after));
        if (array_keys(array_intersect_key($before, $after)) !== array_slice(array_keys($after), 0, count($before) - count($unset))) {
            $unset = array_keys($before); // the order changed: all of it is made anew
            $before = array();
        }
        $set = self::changedFields($key, $before, $after);
        if (count($set) === 0 && count($unset) === 0) {
            return null;
        }
        return '{"unset":[' . implode(',', array_map(array('WsbridgeValue', 'encodeKey'), $unset)) . '],"set":{' . implode(',', $set) . '}}';
    }

    private static function changedFields($key, array $before, array $after)
    {
        $set = array();
        foreach ($after as $field => $value) {
            $known = isset(self::$tagged[$key][$field]);
            if (!$known && array_key_exists($field, $before) && $before[$field] === $value) {
                continue;
            }
            $json = WsbridgeValue::encode($value);
            if ($json === false) {
                $obstacle = WsbridgeValue::obstacle($value);
                WsbridgeAnswer::log('warning', "\$connections[$key]['$field'] cannot outlive its event and stays as it was: it holds a "
                    . ($obstacle === null ? 'value that refuses to be serialized' : $obstacle));
            } elseif (!$known || !array_key_exists($field, $before) || self::$tagged[$key][$field] !== $json) {
                $set[] = WsbridgeValue::encodeKey($field) . ':' . $json;
            }
        }
        return $set;
    }

    private static function reportInvented()
    {
        global $connections;
        foreach ($connections as $key => $row) {
            if (!isset(self::$before[$key]) && !isset(self::$gone[$key])) {
                WsbridgeAnswer::log('warning', "\$connections[$key] is no client: the row is dropped");
            }
        }
    }

    private static function untag($key, array $row)
    {
        $exact = array();
        foreach ($row as $field => $value) {
            $field = WsbridgeValue::decodeKey($field);
            $exact[$field] = $value;
            if (is_array($value) && WsbridgeValue::looksTagged($value)) {
                $exact[$field] = WsbridgeValue::decode($value);
                self::$tagged[$key][$field] = json_encode($value, JSON_UNESCAPED_SLASHES);
            }
        }
        return $exact;
    }

    private static function openElsewhere($key)
    {
        $keys = self::keysElsewhere();
        return isset($keys[$key]);
    }

    /** Keys of all open clients, as key => key. */
    private static function keysElsewhere()
    {
        if (self::$openKeys !== null) {
            return self::$openKeys;
        }
        self::$openKeys = array();
        foreach (self::$open === '' ? array() : explode(',', self::$open) as $range) {
            $ends = explode('-', $range);
            for ($key = (int) $ends[0]; $key <= (int) end($ends); $key++) {
                self::$openKeys[$key] = $key;
            }
        }
        return self::$openKeys;
    }
}
