<?php
namespace Wsbridge;

/** Reads the request, and holds its events in order. */
final class Request
{
    const CONTRACT = '1';

    /** Blocks larger than SMALL bytes are read from the socket in chunks of CHUNK bytes, which halves the time. */
    const SMALL = 16384;
    const CHUNK = 1048576;

    /** The size of php-fpm's buffer for a request, and of a line that it cuts off nowhere: its log_limit is 512 or more. */
    const LOG_BUFFER = 8192;
    const LOG_LINE = 480;

    /** The members of an event's line that may be absent. */
    const DEFAULTS = ['client' => 0, 'code' => '', 'clock' => false, 'identify' => false, 'parameters' => false, 'environment' => 0, 'rows' => 0, 'changes' => 0, 'values' => 0, 'whole' => false,
        'sockets' => false, 'globals' => [], 'any_global' => false, 'first' => [], 'linked' => false, 'tagged' => false,
        'zeros' => false, 'open' => null, 'until' => 0, 'trace' => '', 'result' => false, 'own' => false, 'beside' => false];

    private static $body;

    private static $events = [];
    private static $at = 0;

    /** Reads the body; false if the request has been answered with a failure. */
    public static function read()
    {
        $contract = Parameters::$options[Parameters::CONTRACT];
        self::$body = $body = fopen('php://input', 'rb');
        while (($line = fgets($body)) !== false) {
            $event = self::decode($line);
            if ($event === null) {
                return self::refuse('malformed event: ' . substr($line, 0, 200));
            }
            $at = count(self::$events);
            self::$events[] = $event;
            if ($contract !== self::CONTRACT || $event['v'] !== (int) self::CONTRACT) {
                return self::refuse('this PHP half speaks version ' . self::CONTRACT . ' of the contract, not ' . $contract);
            }
            foreach (['environment', 'rows', 'values', 'payload'] as $block) {
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
        if (ftell($body) !== (int) getenv('CONTENT_LENGTH')) { // wsbridge may send the whole request again
            return self::refuse('the body ends after ' . ftell($body) . ' of ' . getenv('CONTENT_LENGTH') . ' bytes');
        }
        $until = self::$events[0]['until'];
        if ($until !== 0 && microtime(true) * 1000 > $until) { // php-fpm was busy, and wsbridge may run the next event
            return self::refuse('wsbridge no longer waits for it');
        }
        self::announce();
        return true;
    }

    /** Makes an event the running one, in a worker that stays. */
    public static function set($event)
    {
        self::$events = [$event];
        self::$at = 0;
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

    /** Reports whether the request has several events. */
    public static function isShared()
    {
        return count(self::$events) > 1;
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
     *
     * From PHP 8.4 on, flush() sends the headers, too, which has the same effect. There the line is repeated until php-fpm empties its
     * buffer because it is full. It is made longer, as far as php-fpm's log_limit allows at least.
     */
    private static function announce()
    {
        if (Parameters::$options[Parameters::ANNOUNCE] !== '' && function_exists('error_log') && function_exists('flush')) {
            $line = Answer::$token . " begun\n";
            if (PHP_VERSION_ID < 80400) {
                error_log($line, 4); // 4: the SAPI's own log
                flush();
                return;
            }
            $line = str_pad($line, self::LOG_LINE, '.', STR_PAD_LEFT);
            for ($written = 0; $written < self::LOG_BUFFER; $written += self::LOG_LINE) {
                error_log($line, 4);
            }
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
        return $event + self::DEFAULTS;
    }

    /** Fails the events, and reads the rest of the body, because the connection serves the next request. */
    private static function refuse($why)
    {
        while (self::$body && fread(self::$body, self::CHUNK) !== '');
        Failure::report('request', $why);
        return false;
    }
}
