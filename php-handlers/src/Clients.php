<?php
namespace Wsbridge;

/** Clients by whatever a handler gives for a key. */
final class Clients
{
    /** Whether messages can be sent to a client. */
    public static function isOpen($key)
    {
        return self::isKey($key) && Rows::isOpen((int) $key) && !Presence::hasLeft((int) $key);
    }

    /** Closes a client, as Handlers::close does; one whose row the event does not see is left to an event of its own. */
    public static function close($key, $code, $reason)
    {
        if (self::isKey($key) && Rows::has((int) $key)) {
            Handlers::close((int) $key, $code, $reason);
        } elseif (self::isOpen($key)) {
            Answer::close((int) $key, $code, $reason, false);
            Rows::close((int) $key);
        } else {
            Answer::log('warning', 'close_client was given ' . (is_scalar($key) ? var_export($key, true) : gettype($key))
                . ', which is no client');
        }
    }

    /** What PHP takes for an integer key of an array: 12 and "12". */
    private static function isKey($key)
    {
        return is_int($key) || is_string($key) && ctype_digit($key);
    }
}
