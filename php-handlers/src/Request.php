<?php
namespace Wsbridge;

/** Reads the request, and holds its events in order. */
final class Request
{
    const CONTRACT = '1';

    /** Blocks larger than SMALL bytes are read from the socket in chunks of CHUNK bytes, which halves the time. */
    const SMALL = 16384;
    const CHUNK = 1048576;

    private static $body;

    private static $events = [];
    private static $at = 0;

    /** Reads the body; false if the request has been answered with a failure. */
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
        if (ftell($body) !== (int) $_SERVER['CONTENT_LENGTH']) { // wsbridge may send the whole request again
            return self::refuse('the body ends after ' . ftell($body) . ' of ' . $_SERVER['CONTENT_LENGTH'] . ' bytes');
        }
        self::announce();
        return true;
    }

    /** Returns the running event, or null after the last. */
    public static function current()
    {
        return isset(self::$events[self::$at]) ? self::$events[self::$at] : null;
    }

    /** Returns the number of the running event, or 0 after the last. */
    public static function seq()
    {
        return isset(self::$events[self::$at]) ? self::$events[self::$at]['seq'] : 0;
    }

    public static function isLast()
    {
        return self::$at === count(self::$events) - 1;
    }

    /** Goes on to the next event, and frees the memory of the running one. */
    public static function next()
    {
        self::$events[self::$at++] = null;
    }

    /**
     * Tells wsbridge, if it asks for that, that the events will run, so that it does not send them again. It does so on the error
     * stream, because PHP refuses to change the session's settings after the first byte of output.
     */
    private static function announce()
    {
        if (isset($_SERVER['WSBRIDGE_ANNOUNCE']) && function_exists('error_log') && function_exists('flush')) {
            error_log($_SERVER['WSBRIDGE_TOKEN'] . " begun\n", 4); // 4: the SAPI's own log
            flush();
        }
    }

    /** Decodes an event's line. The blocks hold their lengths until they are read. */
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

    /** Fails the events, and reads the rest of the body, because the connection serves the next request. */
    private static function refuse($why)
    {
        while (self::$body && fread(self::$body, self::CHUNK) !== '');
        Failure::report('request', $why);
        return false;
    }
}
