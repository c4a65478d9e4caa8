<?php
namespace Wsbridge;

/**
 * Writes the answer: one line per effect, in the order of the calls, each flushed as it is made, since a handler may
 * go on working for seconds.
 */
final class Answer
{
    /** What each line starts with. */
    public static $token;

    /** Effects that cannot be written while the handler has an output buffer of its own kind open. */
    private static $held = '';

    private static $begun = false;

    /** $to is JSON: an array of keys, or "open". */
    public static function send($to, $payload, $binary = false)
    {
        self::effect('"send":{"to":' . $to . ($binary ? ',"binary":true' : '') . ',"length":' . strlen($payload) . '}', $payload);
    }

    /** Frame bytes for one client. */
    public static function frames($client, $bytes)
    {
        self::effect('"frames":{"to":[' . $client . '],"length":' . strlen($bytes) . '}', $bytes);
    }

    /** $code 0 drops the connection without a close frame; $handled says that the close handlers ran in this event. */
    public static function close($client, $code, $reason, $handled)
    {
        self::effect('"close":{"client":' . $client
            . ($code === 0 ? '' : ',"code":' . $code)
            . ($reason === '' ? '' : ',"reason":' . Value::text($reason))
            . ($handled ? ',"handled":true}' : '}'));
    }

    public static function log($level, $message, $file = '', $line = 0)
    {
        if (Request::seq() === 0) {
            echo $message, "\n"; // outside of all events: printed, which is logged as well
            return;
        }
        self::effect(self::logEntry($level, $message, $file, $line));
    }

    /** $result is JSON or null, $rows and $globals JSON or empty, $took seconds or 0. */
    public static function done($result, $rows, $globals, $code, $last, $took = 0)
    {
        $done = ($result === null ? '' : '"result":' . $result . ',')
            . ($rows === '' ? '' : '"rows":{' . $rows . '},')
            . ($globals === '' ? '' : '"globals":' . $globals . ',')
            . '"code":"' . $code . '"' . ($took > 0 ? ',"took":' . sprintf('%.6F', $took) : '');
        self::finish('"done":{' . $done . '}', $last);
    }

    /** $failure is JSON: the object behind "failed". */
    public static function failed($failure, $last)
    {
        self::finish('"failed":' . $failure, $last);
    }

    private static function effect($json, $payload = null)
    {
        if (Request::seq() === 0) {
            return; // made by a shutdown function of the application, when the answer has ended
        }
        self::begin();
        if (!Output::leave()) {
            self::$held .= self::line($json) . ($payload === null ? '' : $payload . "\n");
            return;
        }
        self::write($json, $payload);
        flush();
        Output::enter();
    }

    /** Ends an event. After the last, php-fpm flushes what there is together with the end of its answer. */
    private static function finish($json, $last)
    {
        if (!$last) {
            self::begin();
        }
        Output::unwind();
        Output::leave();
        self::write($json, null);
        if (!$last) {
            Output::enter();
        }
    }

    /** Before anything is written that the application's code runs after. */
    private static function begin()
    {
        if (!self::$begun) {
            self::$begun = true;
            Process::releaseSession();
        }
    }

    private static function write($json, $payload)
    {
        $printed = Output::take();
        if ($printed !== '') {
            echo self::line(self::logEntry('info', $printed));
        }
        echo self::$held, self::line($json);
        self::$held = '';
        if ($payload !== null) {
            echo $payload, "\n"; // not joined: a payload may be many megabytes
        }
    }

    private static function line($json)
    {
        return self::$token . ' {"seq":' . Request::seq() . ',' . $json . "}\n";
    }

    private static function logEntry($level, $message, $file = '', $line = 0)
    {
        return '"log":{"level":"' . $level . '","message":' . Value::text($message)
            . ($file === '' ? '' : ',"file":' . Value::text($file) . ',"line":' . (int) $line) . '}';
    }
}
