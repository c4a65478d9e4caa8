<?php
namespace Wsbridge;

/**
 * Writes the answer: one line per effect, in the order of the calls. Each effect is flushed when it is made, because the handler
 * may run on for seconds.
 */
final class Answer
{
    /** The word that each line starts with. */
    public static $token;

    /** Effects made inside an output buffer that cannot be set aside, see Output. */
    private static $held = '';

    private static $begun = false;

    /** Sends a message. $to is JSON: an array of client keys, or "open". */
    public static function send($to, $payload, $binary = false)
    {
        self::effect('"send":{"to":' . $to . ($binary ? ',"binary":true' : '') . ',"length":' . strlen($payload) . '}', $payload);
    }

    /** Sends the bytes of whole frames to one client. */
    public static function frames($client, $bytes)
    {
        self::effect('"frames":{"to":[' . $client . '],"length":' . strlen($bytes) . '}', $bytes);
    }

    /** Closes a client. $code 0 sends no close frame; $handled says that the close handlers have run in this event. */
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
            echo $message, "\n"; // between events; wsbridge logs what is printed
            return;
        }
        self::effect(self::logEntry($level, $message, $file, $line));
    }

    /** Ends an event. $result is JSON or null, $rows and $globals are JSON or empty, $took is in seconds or 0. */
    public static function done($result, $rows, $globals, $code, $last, $took = 0)
    {
        $done = ($result === null ? '' : '"result":' . $result . ',')
            . ($rows === '' ? '' : '"rows":{' . $rows . '},')
            . ($globals === '' ? '' : '"globals":' . $globals . ',')
            . '"code":"' . $code . '"' . ($took > 0 ? ',"took":' . sprintf('%.6F', $took) : '');
        self::finish('"done":{' . $done . '}', $last);
    }

    /** Ends an event that failed. $failure is the JSON object of "failed". */
    public static function failed($failure, $last)
    {
        self::finish('"failed":' . $failure, $last);
    }

    private static function effect($json, $payload = null)
    {
        if (Request::seq() === 0) {
            return; // a shutdown function of the application made it, after the answer's end
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

    /** Writes an event's last line. It is not flushed: php-fpm sends the last event's together with the end of the answer. */
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

    /** Prepares for the first output, unless no code of the application runs after it. */
    private static function begin()
    {
        if (!self::$begun) {
            self::$begun = true;
            Process::prepareSession();
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
            echo $payload, "\n"; // not concatenated: a payload may have many megabytes
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
