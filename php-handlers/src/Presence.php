<?php
namespace Wsbridge;

/**
 * Reads which clients are connected from a file that wsbridge keeps up to date while handlers run: two bits for each client, see
 * protocol/doc.go. It tells an event that does not see the whole table who else is open, and a long event who has left.
 */
final class Presence
{
    /** For how many seconds after its start an event trusts what it was told. A shorter event never opens the file. */
    const FRESH = 0.005;

    const CONNECTED = 1;
    const OPEN = 3; // connected, and in state OPEN

    /** The open file; false if it cannot be read, null before the first use. */
    private static $file;

    /** When the event began, as microtime(true). */
    private static $began = 0.0;

    /** Clients, as keys, whose open events may have run before wsbridge has sent the 101, until that is known to be sent. */
    private static $arriving = [];

    /** Clients that were found to have left, as keys: each is logged once. */
    private static $left = [];

    /** Prepares for an event that began at that time, as microtime(true). */
    public static function begin($now)
    {
        self::$began = $now;
        self::$left = [];
    }

    /** Says that a client is about to be sent the 101. */
    public static function arrives($client)
    {
        self::$arriving[$client] = true;
    }

    /** Says that a client has been sent it, or has left. */
    public static function hasArrived($client)
    {
        unset(self::$arriving[$client]);
    }

    /** Reports whether there is such a file. */
    public static function isKnown()
    {
        return self::file() !== false;
    }

    /** Reports whether messages can be sent to a client and its row is in state OPEN. */
    public static function isOpen($client)
    {
        return (self::bits($client) & self::OPEN) === self::OPEN;
    }

    /** Reports whether a client that was open when the event began has left since. */
    public static function hasLeft($client)
    {
        if (isset(self::$left[$client])) {
            return true;
        }
        $fresh = microtime(true) - self::$began < self::FRESH;
        if ($fresh || !self::isKnown()) {
            return false;
        }
        if (self::bits($client) & self::CONNECTED) {
            self::hasArrived($client);
            return false;
        }
        if (isset(self::$arriving[$client])) {
            return false;
        }
        self::$left[$client] = true;
        Answer::log('warning', 'client ' . $client . ' has left while the handler was running: nothing can be sent to it');
        return true;
    }

    /** Returns the keys of all open clients. */
    public static function clients()
    {
        $clients = [];
        $bytes = self::file() === false ? '' : file_get_contents(Parameters::$options[Parameters::PRESENCE]);
        for ($at = strspn($bytes, "\0"); $at < strlen($bytes); $at += 1 + strspn($bytes, "\0", $at + 1)) {
            for ($i = 0; $i < 4; $i++) {
                if ((ord($bytes[$at]) >> 2 * $i & self::OPEN) === self::OPEN) {
                    $clients[] = 4 * $at + $i;
                }
            }
        }
        return $clients;
    }

    private static function bits($client)
    {
        $file = self::file();
        if ($file === false || fseek($file, $client >> 2) !== 0) {
            return 0;
        }
        $byte = fread($file, 1);
        return $byte === '' || $byte === false ? 0 : ord($byte) >> 2 * ($client & 3);
    }

    private static function file()
    {
        if (self::$file === null) {
            $path = Parameters::$options[Parameters::PRESENCE];
            self::$file = $path === '' ? false : @fopen($path, 'rb');
            if (self::$file !== false) {
                stream_set_read_buffer(self::$file, 0); // a buffer would hide later changes
            }
        }
        return self::$file;
    }
}
