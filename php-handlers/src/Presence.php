<?php
namespace Wsbridge;

/**
 * Who is there, in a file that wsbridge keeps up to date while handlers run: two bits for each client, see protocol/doc.go.
 * It tells an event without the whole table who else is open, and one that takes long who has left meanwhile.
 */
final class Presence
{
    /** Seconds for which what the event was told is believed. An event that is over by then never opens the file. */
    const FRESH = 0.005;

    const CONNECTED = 1;
    const OPEN = 3; // state OPEN and connected

    /** The file; false if it cannot be read, null if nobody has asked. */
    private static $file;

    /** When the event began, as microtime(true). */
    private static $began = 0.0;

    /** Clients found to have left, as keys: each is reported once. */
    private static $left = [];

    public static function begin()
    {
        self::$began = microtime(true);
        self::$left = [];
    }

    /** Whether there is a file to ask. */
    public static function isKnown()
    {
        return self::file() !== false;
    }

    /** Whether a client can be sent messages and its row is OPEN. */
    public static function isOpen($client)
    {
        return (self::bits($client) & self::OPEN) === self::OPEN;
    }

    /** Whether a client that the event takes for open has left since the event began. */
    public static function hasLeft($client)
    {
        if (isset(self::$left[$client])) {
            return true;
        }
        $fresh = microtime(true) - self::$began < self::FRESH;
        if ($fresh || !self::isKnown() || self::bits($client) & self::CONNECTED) {
            return false;
        }
        self::$left[$client] = true;
        Answer::log('warning', 'client ' . $client . ' has left while the handler was running: nothing can be sent to it');
        return true;
    }

    /** The keys of all open clients. */
    public static function clients()
    {
        $clients = [];
        $bytes = self::file() === false ? '' : file_get_contents($_SERVER['WSBRIDGE_PRESENCE']);
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
            $path = isset($_SERVER['WSBRIDGE_PRESENCE']) ? $_SERVER['WSBRIDGE_PRESENCE'] : '';
            self::$file = $path === '' ? false : @fopen($path, 'rb');
            if (self::$file !== false) {
                stream_set_read_buffer(self::$file, 0); // or a byte would be remembered
            }
        }
        return self::$file;
    }
}
