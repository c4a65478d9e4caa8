<?php
namespace Wsbridge;

/** Holds the keys of the open clients as ranges, which come with an event that does not see the whole table if there is no file for Presence. */
final class OpenRanges
{
    /** Ranges like "1-3,7", or as pairs of first and last key; null if none came. */
    private static $ranges;

    /** Takes those that came with an event, or null. */
    public static function load($ranges)
    {
        self::$ranges = $ranges;
    }

    /** Reports whether some came. */
    public static function areKnown()
    {
        return self::$ranges !== null;
    }

    /** Returns the open clients, as keys. */
    public static function clients()
    {
        $clients = [];
        foreach (self::pairs() as $range) {
            $clients += array_fill_keys(range($range[0], $range[1]), true);
        }
        return $clients;
    }

    /** Reports whether a client is open. */
    public static function has($client)
    {
        foreach (self::pairs() as $range) {
            if ($client >= $range[0] && $client <= $range[1]) {
                return true;
            }
        }
        return false;
    }

    private static function pairs()
    {
        if (is_string(self::$ranges)) {
            $pairs = [];
            foreach (self::$ranges === '' ? [] : explode(',', self::$ranges) as $range) {
                $ends = explode('-', $range);
                $pairs[] = [(int) $ends[0], (int) end($ends)];
            }
            self::$ranges = $pairs;
        }
        return self::$ranges;
    }
}
