<?php
namespace Wsbridge;

/**
 * Global variables that share an object or a reference. They travel as one value, that of the first of them: each by itself would
 * become another object.
 */
final class Together
{
    /** Matches what serialize() writes for a value that it has written before. */
    const AGAIN = '/[;{][rR]:\d+;/';

    /** The variable that has the values of all; "" if this is it. */
    public $first;

    /** The values by name, and the names of those variables that something else refers to. */
    public $values;
    public $referred;

    private function __construct($first, array $values, array $referred)
    {
        $this->first = $first;
        $this->values = $values;
        $this->referred = $referred;
    }

    /**
     * Returns the values with which global variables travel that share something, by name. $texts are the serialize() texts of all, by
     * name; variables without one share nothing.
     */
    public static function find(array $texts)
    {
        $names = array_keys(array_filter($texts, 'is_string'));
        $shared = self::again($names) - array_sum(array_map([__CLASS__, 'count'], array_intersect_key($texts, array_flip($names))));
        if ($shared <= 0) {
            return [];
        }
        $all = self::again($names);
        $members = array_values(array_filter($names, function ($name) use ($names, $texts, $all) {
            return $all > self::again(array_diff($names, [$name])) + self::count($texts[$name]);
        }));
        $referred = array_values(array_filter($members, function ($name) use ($members) {
            return self::again($members) > self::again($members, $name);
        }));
        $together = [];
        foreach ($members as $name) {
            $together[$name] = $name === $members[0] ? new self('', self::values($members), $referred) : new self((string) $members[0], [], []);
        }
        return $together;
    }

    /** Gives the variables their values. Returns their names. */
    public function restore()
    {
        foreach ($this->values as $name => &$value) {
            if (in_array($name, $this->referred, true)) {
                $GLOBALS[$name] = &$value;
            } else {
                $GLOBALS[$name] = $value;
            }
        }
        return array_keys($this->values);
    }

    /** Returns the values of variables as references, so that serialize() sees which of them are one. */
    private static function values(array $names, $copied = null)
    {
        $values = [];
        foreach ($names as $name) {
            if ($name === $copied) {
                $values[$name] = $GLOBALS[$name];
            } else {
                $values[$name] = &$GLOBALS[$name];
            }
        }
        return $values;
    }

    /** Counts what serialize() writes of variables that it has written before. One of them may be copied first. */
    private static function again(array $names, $copied = null)
    {
        return self::count(serialize(self::values($names, $copied)));
    }

    private static function count($text)
    {
        return (int) preg_match_all(self::AGAIN, $text);
    }
}
