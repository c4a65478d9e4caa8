<?php
namespace Wsbridge;

/**
 * Compares the rows and living global variables of a worker that stays with the copies that wsbridge has of them. Changes are looked for
 * after each event where its handlers can have made some, but that does not see everything: not a change through a reference, and
 * not one inside an object that another client's event has at hand.
 */
final class Audit
{
    /** What a worker that stays has and wsbridge has not, as clients: their rows have been dropped. */
    private static $surplus = [];

    /** The clients whose rows are missing here, although wsbridge has never been told that they were removed. */
    private static $missing = [];

    /** Compares what came with an event. Returns the result, and what differs as the JSON of "rows" and of "globals". */
    public static function run(array $event)
    {
        self::$surplus = [];
        self::$missing = [];
        if ($event['payload'] === '') {
            return [null, '', '']; // there is nothing to compare now
        }
        $range = json_decode($event['payload'], true);
        list($rows, $globals) = Value::withExactFloats(function () use ($event, $range) {
            $rows = isset($event['rows']) ? Value::entries($event['rows']) : [];
            return [self::rows($rows, $range['after'], $range['last']), self::globals(isset($event['values']) ? Value::entries($event['values']) : [])];
        });
        $result = self::$surplus === [] && self::$missing === [] ? null
            : json_encode(['missing' => self::$missing, 'surplus' => self::$surplus]);
        return [$result, $rows, $globals];
    }

    /** Compares the rows of the clients after one and up to another, which wsbridge has all sent. */
    private static function rows(array $theirs, $after, $last)
    {
        global $connections;
        if (!is_array($connections)) {
            return ''; // the next event puts it right
        }
        $json = [];
        foreach ($theirs as $client => $fields) {
            $change = self::row($client, $fields);
            if ($change !== '') {
                $json[] = '"' . $client . '":' . $change;
            }
        }
        foreach (Rows::clients() as $client) {
            if ($client > $after && $client <= $last && !isset($theirs[$client])) {
                Rows::remove($client);
                self::$surplus[] = $client;
            }
        }
        return implode(',', $json);
    }

    /** Returns how a row differs from its copy, as JSON; "" if it does not. */
    private static function row($client, array $fields)
    {
        global $connections;
        if (!Rows::has($client)) {
            self::$missing[] = $client;
            return '';
        }
        if (!isset($connections[$client])) {
            Rows::remove($client);
            return 'null';
        }
        if (!is_array($connections[$client])) {
            return ''; // an event has said so
        }
        $before = self::texts($fields);
        $after = [];
        foreach ($connections[$client] as $name => $value) {
            $json = self::encode($value, isset($before[$name]) ? $before[$name] : null);
            if ($json !== null) {
                $after[$name] = $json;
            }
        }
        list($change, $set) = self::difference($before, $after);
        foreach ($set as $name => $json) {
            RowChange::remember($client, $name, $json);
        }
        return $change;
    }

    /** Returns how the living global variables differ from their copies, as JSON; "" if they do not. */
    private static function globals(array $theirs)
    {
        $before = self::texts($theirs);
        $after = [];
        foreach ($before as $name => $json) {
            if (array_key_exists($name, $GLOBALS)) {
                $after[$name] = self::encode($GLOBALS[$name], $json);
            }
        }
        list($change, $set) = self::difference($before, $after);
        foreach ($set as $name => $json) {
            KeptGlobals::remember($name, $json);
        }
        return $change;
    }

    /** Returns the values of a block as they are encoded, by name. */
    private static function texts(array $values)
    {
        $texts = [];
        foreach ($values as $name => $value) {
            $texts[Value::decodeName($name)] = Value::tagged($value) === null ? Value::encode($value)
                : '{"\u0000php":"' . $value[Value::TAG] . '"}';
        }
        return $texts;
    }

    /** Encodes a value as JSON, as it was encoded before if nothing else can be told of it; null if nothing can. */
    private static function encode($value, $before)
    {
        if ($value === null && $before !== null && strncmp($before, '{"\u0000php"', 12) === 0) {
            return $before; // its class refuses to be unserialized
        }
        try {
            $json = Value::encode($value);
            $isSteady = $json === $before || $json === Value::encode($value); // a class may write the time
            return $isSteady ? $json : $before;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        return $before; // only this process can keep it
    }

    /** Returns the difference of two arrays of JSON texts by name, as JSON or "", and those that it sets. */
    private static function difference(array $before, array $after)
    {
        if ($before === $after) {
            return ['', []];
        }
        $unset = array_diff_key($before, $after);
        $set = array_diff_assoc($after, $before);
        $stay = array_keys(array_intersect_key($before, $after));
        if ($stay !== array_slice(array_keys($after), 0, count($stay))) { // they have another order
            $unset = $before;
            $set = $after;
        }
        $texts = [];
        foreach ($set as $name => $json) {
            $texts[] = Value::encodeName($name) . ':' . $json;
        }
        $names = array_map([__NAMESPACE__ . '\Value', 'encodeName'], array_keys($unset));
        return ['{"unset":[' . implode(',', $names) . '],"set":{' . implode(',', $texts) . '}}', $set];
    }
}
