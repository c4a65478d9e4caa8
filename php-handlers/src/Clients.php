<?php
namespace Wsbridge;

/** Looks up clients by keys that handlers give, which may be anything. */
final class Clients
{
    /** Reports whether messages can be sent to a client. */
    public static function isOpen($key)
    {
        return self::isKey($key) && Rows::isOpen((int) $key) && !Presence::hasLeft((int) $key);
    }

    /** Reports whether a client's handshake is not over, so that it is sent bytes as they are. */
    public static function isConnecting($key)
    {
        return self::isKey($key) && Rows::isConnecting((int) $key);
    }

    /** Closes a client. If the event does not see the client's row, the close handlers run in an event of their own. */
    public static function close($key, $code, $reason)
    {
        if (self::isKey($key) && Rows::has((int) $key)) {
            Handlers::close((int) $key, $code, $reason);
        } elseif (self::isOpen($key)) {
            Answer::close((int) $key, $code, $reason, false);
            Rows::remove((int) $key);
        } else {
            Answer::log('warning', 'close_client was given ' . (is_scalar($key) ? var_export($key, true) : gettype($key))
                . ', which is no client');
        }
    }

    /** Reports whether PHP takes a value for an integer key of an array: 12 and "12". */
    private static function isKey($key)
    {
        return is_int($key) || is_string($key) && ctype_digit($key);
    }
}
