<?php
namespace Wsbridge;

/** The request's events, in order. */
final class Request
{
    const CONTRACT = '1';

    /** A block over that many bytes is taken from the socket in larger chunks, which halves the time. */
    const SMALL = 16384;
    const CHUNK = 1048576;

    private static $body;

    private static $events = [];
    private static $at = 0;

    /** Reads the body; false if the request was answered with a failure. */
    public static function read()
    {
        self::$body = $body = fopen('php://input', 'rb');
        while (($line = fgets($body)) !== false) {
            $event = self::decode($line);
            if ($event === null) {
                return self::refuse('malformed event: ' . substr($line, 0, 200));
            }
            $at = count(self::$events);
            self::$events[] = $event;
            if ($_SERVER['WSBRIDGE_CONTRACT'] !== self::CONTRACT || $event['v'] !== (int) self::CONTRACT) {
                return self::refuse('this PHP half speaks version ' . self::CONTRACT . ' of the contract, not '
                    . $_SERVER['WSBRIDGE_CONTRACT']);
            }
            foreach (['rows', 'values', 'payload'] as $block) {
                $length = $event[$block];
                if ($length > self::SMALL) {
                    stream_set_chunk_size($body, self::CHUNK);
                }
                $bytes = $length > 0 ? stream_get_contents($body, $length) : '';
                if (strlen($bytes) !== $length) {
                    return self::refuse('the body ends after ' . strlen($bytes) . ' of ' . $length . ' bytes of the ' . $block);
                }
                self::$events[$at][$block] = $bytes;
            }
        }
        if (self::$events === []) {
            return self::refuse('the body holds no event');
        }
        if (ftell($body) !== (int) $_SERVER['CONTENT_LENGTH']) { // the request may come again, and whole
            return self::refuse('the body ends after ' . ftell($body) . ' of ' . $_SERVER['CONTENT_LENGTH'] . ' bytes');
        }
        self::announce();
        return true;
    }

    /** The event that is running, or null after the last. */
    public static function current()
    {
        return isset(self::$events[self::$at]) ? self::$events[self::$at] : null;
    }

    /** The number of the event that is running, 0 after the last. */
    public static function seq()
    {
        return isset(self::$events[self::$at]) ? self::$events[self::$at]['seq'] : 0;
    }

    public static function isLast()
    {
        return self::$at === count(self::$events) - 1;
    }

    /** Ends the running event, and lets go of its payload. */
    public static function next()
    {
        self::$events[self::$at++] = null;
    }

    /**
     * Tells wsbridge, if it asks, that the events will run: what it does not hear of it may send again. On the error stream,
     * since after a byte of output PHP would refuse to change the session's settings.
     */
    private static function announce()
    {
        if (isset($_SERVER['WSBRIDGE_ANNOUNCE']) && function_exists('error_log') && function_exists('flush')) {
            error_log($_SERVER['WSBRIDGE_TOKEN'] . " begun\n", 4); // 4: the SAPI's own log
            flush();
        }
    }

    /** An event with the lengths of its blocks in their places. */
    private static function decode($line)
    {
        $event = json_decode($line, true);
        if (!isset($event['v'], $event['seq'], $event['event'], $event['length'])) {
            return null;
        }
        $event['payload'] = $event['length'];
        return $event + ['client' => 0, 'code' => '', 'rows' => 0, 'values' => 0, 'whole' => false, 'sockets' => false,
            'globals' => [], 'any_global' => false, 'tagged' => false, 'zeros' => false, 'open' => null, 'result' => false];
    }

    /** Fails the events. What is left of the body must not stay in the connection, which serves the next request. */
    private static function refuse($why)
    {
        while (self::$body && fread(self::$body, self::CHUNK) !== '');
        Failure::report('request', $why);
        return false;
    }
}
