<?php
namespace Wsbridge;

/**
 * Holds $connections, and finds what an event changed in it. A request of its own is given the rows that its event needs. A worker
 * that stays keeps the rows of all clients, and is told with each event what has changed elsewhere.
 */
final class Rows
{
    /** The rows as the event found them: of all clients, or of its own. */
    private static $before = [];

    /** Whether these are the rows of all clients. */
    private static $whole = false;

    /** The clients that have a row which the event sees, as keys. */
    private static $known = [];

    /** The clients that the event closed, as keys. */
    private static $closed = [];

    /** Whether the rows stay for the next event. */
    private static $kept = false;

    /** The client of the event, whose row is compared apart from the others, and its row as the event found it. Only if rows stay. */
    private static $own = 0;
    private static $ownBefore;

    /** How many clients $likely holds. */
    const LIKELY = 8;

    /** The clients whose rows other clients' events have changed last: the same ones are likely to change again. */
    private static $likely = [];

    /** The clients for which a process runs, as keys. Their rows are kept when they leave, see Children. */
    public static $followed = [];

    /** A reference to the row of that client. */
    private static $row;

    /** Fills $connections with the rows that come with an event. */
    public static function load(array $event)
    {
        global $connections;
        self::$whole = $event['whole'];
        OpenRanges::load($event['open']);
        self::$closed = [];
        RowChange::begin($event['zeros'], false);
        self::$before = self::decode($event['rows'], $event['tagged']);
        self::$known = self::$before;
        $connections = self::$before;
    }

    /** Reports whether the rows stay for the next event. */
    public static function areKept()
    {
        return self::$kept;
    }

    /** Fills $connections with the rows of all clients, for all events to come. */
    public static function keep(array $event)
    {
        global $connections;
        self::$kept = true;
        self::$whole = true;
        RowChange::begin(false, true);
        $connections = self::decode($event['rows'], $event['tagged']);
        self::$known = array_fill_keys(array_keys($connections), true);
    }

    /**
     * Prepares for an event of a worker that stays. The reference to the client's row is made before $connections is copied:
     * handlers are passed it, and to make it afterwards would split the copy from the original, which costs time for each client.
     */
    public static function begin(array $event)
    {
        global $connections;
        if ($event['changes'] !== '') {
            self::patch($event);
        }
        self::$closed = [];
        self::$own = isset(self::$known[$event['client']]) && isset($connections[$event['client']]) ? $event['client'] : 0;
        if (self::$own !== 0) {
            self::$ownBefore = $connections[self::$own];
            if (Handlers::refers($event['event'])) {
                self::$row = &$connections[self::$own];
            }
        }
        self::$whole = !$event['own'];
        self::$before = self::$whole ? $connections : [];
    }

    /** Lets go of what begin() has taken. */
    public static function end()
    {
        $none = null;
        self::$row = &$none;
        self::$before = [];
        self::$ownBefore = null;
    }

    /** Applies what has changed elsewhere: lists of a client, its fields unless it has left, and whether it is new. */
    public static function patch(array $event)
    {
        global $connections;
        foreach (Value::entries($event['changes']) as $change) {
            $client = $change[0];
            if (!isset($change[1])) {
                self::keepFollowed($client);
                unset($connections[$client], self::$known[$client]);
                self::forget($client);
                continue;
            }
            $fields = $change[1];
            Presence::hasArrived($client);
            if ($event['tagged']) {
                $row = RowChange::untag([$client => $fields]);
                $fields = $row[$client];
            }
            if ($change[2]) {
                self::$known[$client] = true;
                $connections[$client] = $fields;
                Stream::add($client);
            } elseif (isset(self::$known[$client]) && is_array($connections[$client])) {
                foreach ($fields as $name => $value) {
                    $connections[$client][$name] = $value;
                }
            }
        }
    }

    /** Makes a row OPEN. wsbridge does so in its own copy when it sends the 101. */
    public static function open($client)
    {
        global $connections;
        if (isset(self::$known[$client]) && is_array($connections[$client])) {
            $connections[$client]['state'] = 'OPEN';
            Presence::arrives($client);
        }
    }

    private static function keepFollowed($client)
    {
        global $connections;
        if (isset(self::$followed[$client], $connections[$client])) {
            ChildHandle::keepRow($client, $connections[$client]);
        }
    }

    private static function forget($client)
    {
        RowChange::forget($client);
        Presence::hasArrived($client);
        Superglobals::forget($client);
        Stream::remove($client);
    }

    private static function decode($rows, $tagged)
    {
        $rows = $rows === '' ? [] : Value::entries($rows);
        return $tagged ? RowChange::untag($rows) : $rows;
    }

    /** Returns a reference to the row of a client. */
    public static function &row($client)
    {
        global $connections;
        if ($client === self::$own && self::$row !== null) {
            return self::$row;
        }
        return $connections[$client];
    }

    /** Reports whether the event sees the row of a client. */
    public static function has($client)
    {
        return isset(self::$known[$client]);
    }

    /** Returns the keys of the clients whose rows the event sees. */
    public static function clients()
    {
        return array_keys(self::$known);
    }

    /** Reports whether a client is in state OPEN, also after changes by the event. */
    public static function isOpen($client)
    {
        global $connections;
        if (isset(self::$known[$client])) {
            return isset($connections[$client]['state']) && $connections[$client]['state'] === 'OPEN';
        }
        if (self::$whole || self::$kept || isset(self::$closed[$client])) {
            return false;
        }
        return OpenRanges::areKnown() ? OpenRanges::has($client) : Presence::isOpen($client);
    }

    /** Reports whether the event sees a client that is in state CONNECTING. */
    public static function isConnecting($client)
    {
        global $connections;
        return isset(self::$known[$client], $connections[$client]['state']) && $connections[$client]['state'] === 'CONNECTING';
    }

    /** Returns JSON that stands for all open clients: a list of keys only if the event changed who is open. */
    public static function recipients()
    {
        global $connections;
        if (!is_array($connections)) {
            return '[]';
        }
        if (self::$kept ? !self::keptStatesChanged() : self::sameStates($connections, self::$before)) {
            return '"open"';
        }
        $known = self::$known;
        if (!self::$whole && !self::$kept) {
            $known += OpenRanges::areKnown() ? OpenRanges::clients() : array_flip(Presence::clients());
        }
        return '[' . implode(',', array_filter(array_keys($known), [__CLASS__, 'isOpen'])) . ']';
    }

    /** Reports whether the event has changed the state of a client, in a worker that stays. */
    private static function keptStatesChanged()
    {
        global $connections;
        if (self::$own !== 0 && !isset(self::$closed[self::$own]) && isset($connections[self::$own])
            && !self::sameStates([$connections[self::$own]], [self::$ownBefore])) {
            return true;
        }
        return self::$whole && !self::sameStates($connections, self::$closed === [] ? self::$before
            : array_diff_key(self::$before, self::$closed));
    }

    private static function sameStates(array $rows, array $before)
    {
        return $rows === $before || self::states($rows) === self::states($before);
    }

    /** Removes the row of a closed client. This is no change to report, because wsbridge removes the row itself. */
    public static function remove($client)
    {
        global $connections;
        self::keepFollowed($client);
        unset($connections[$client], self::$known[$client]);
        self::$closed[$client] = true;
        if (self::$kept) {
            self::forget($client);
        } else {
            unset(self::$before[$client]);
        }
    }

    /** Returns what the event has changed: the JSON entries of "rows". */
    public static function changes()
    {
        global $connections;
        if (!is_array($connections)) {
            Answer::log('warning', 'the handler made $connections something else than an array: no row is changed');
            $connections = self::$before;
            return '';
        }
        if (self::$kept) {
            $own = self::$own;
            if (!self::$whole && isset($connections[$own]) && self::$ownBefore === $connections[$own] && !RowChange::isDoubtful($own)) {
                return '';
            }
            return self::keptChanges();
        }
        if ($connections === self::$before && array_filter(array_keys(self::$before), [__NAMESPACE__ . '\RowChange', 'isDoubtful']) === []) {
            return '';
        }
        foreach (array_diff_key($connections, self::$before) as $client => $row) {
            Answer::log('warning', 'row ' . $client . ' of $connections is ignored: '
                . (self::$whole ? 'there is no such client' : 'the event sees the row of its own client only'));
        }
        return self::differences(self::$before);
    }

    /**
     * Finds changes where the event can have made some: in the row of its client, in rows that are not the same arrays any more, and
     * in objects.
     */
    private static function keptChanges()
    {
        global $connections;
        $before = self::$whole ? self::othersBefore() : [];
        if (self::$own !== 0 && !isset(self::$closed[self::$own])) {
            $before[self::$own] = self::$ownBefore;
        }
        $json = $before === [] ? '' : self::differences($before);
        foreach (array_diff_key($before, $connections) as $client => $row) {
            unset(self::$known[$client]);
            self::forget($client);
        }
        return $json;
    }

    /**
     * Returns the rows of other clients that may have changed, by client, as the event found them. The copy is not written while it
     * shares its memory with $connections, so it costs nothing if the event has changed none.
     */
    private static function othersBefore()
    {
        global $connections;
        $before = [];
        foreach (RowChange::withObjects() as $client) {
            if (isset(self::$before[$client])) {
                $before[$client] = self::$before[$client];
            }
        }
        $changed = Changes::update(self::$before, $connections, self::$likely);
        if ($changed !== []) {
            self::$likely = array_slice(array_unique(array_merge(array_keys($changed), self::$likely)), 0, self::LIKELY);
        }
        foreach ($changed as $client => $row) {
            if ($row === null) {
                RowChange::$held['$connections[]'] = 'a row of no client'; // as in the original, it stays in this process
            } elseif (isset(self::$known[$client])) {
                $before[$client] = $row;
            }
        }
        unset($before[self::$own]); // it is a reference to the row itself
        return array_diff_key($before, self::$closed);
    }

    /** Returns how $connections differs from these rows: JSON entries. */
    private static function differences(array $before)
    {
        return Value::withExactFloats(function () use ($before) {
            return implode(',', array_filter(array_map([__CLASS__, 'difference'], array_keys($before), $before)));
        });
    }

    /** Returns the difference of one row as a JSON entry, or "". */
    private static function difference($client, array $before)
    {
        global $connections;
        if (!isset($connections[$client])) {
            return '"' . $client . '":null';
        }
        if (!is_array($connections[$client])) {
            Answer::log('warning', 'row ' . $client . ' of $connections is no array any more: it is not changed');
            return '';
        }
        if ($before === $connections[$client] && !RowChange::isDoubtful($client)) {
            return '';
        }
        $change = RowChange::of($client, $before, $connections[$client]);
        return $change === '' ? '' : '"' . $client . '":{' . $change . '}';
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
}
