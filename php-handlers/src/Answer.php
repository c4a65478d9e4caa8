<?php
namespace Wsbridge;

/**
 * Writes the answer: one line per effect, in the order of the calls. Each effect is flushed when it is made, because the handler
 * may run on for seconds.
 */
final class Answer
{
    /** Whether an effect is being written to the socket: PHP warns if that fails. */
    public static $transmits = false;

    /** The word that each line starts with. */
    public static $token;

    /** The socket of a worker that stays, which gets the effects; null: they are the output of the request. */
    public static $channel;

    /** The client whose authenticate event runs, or ran last; 0 once that has sent it bytes, which are the answer to its handshake. */
    public static $arriving = 0;

    /** What the running event was seen to write outside of its row, see SideEffects; "" for nothing. */
    public static $wrote = '';

    /** The clients whose rows the running event gave what only this process can keep, as keys. */
    public static $bound = [];

    /** Effects made inside an output buffer that cannot be set aside, see Output. */
    private static $held = '';

    /** A member of the done line that tells what process this is, or "". */
    public static $worker = '';

    private static $begun = false;

    /** Sends a message. $to is JSON: an array of client keys, or "open". */
    public static function send($to, $payload, $binary = false)
    {
        self::effect('"send":{"to":' . $to . ($binary ? ',"binary":true' : '') . ',"length":' . strlen($payload) . '}', $payload);
    }

    /** Sends bytes to one client: whole frames, or any bytes before its handshake. */
    public static function frames($client, $bytes)
    {
        if ($client === self::$arriving) {
            self::$arriving = 0;
        }
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

    /** $daily is JSON and tells whether the daily file has the message, or "". */
    public static function log($level, $message, $file = '', $line = 0, $daily = '')
    {
        if (Request::seq() === 0) {
            echo $message, "\n"; // between events; wsbridge logs what is printed
            return;
        }
        self::effect(self::logEntry($level, $message, $file, $line, $daily));
    }

    /** Tells wsbridge of the worker's children, in an event or between two. $members are those of a JSON object. */
    public static function children($members)
    {
        $text = self::$token . ' {"seq":' . PHP_INT_MAX . ',"children":{' . $members . "}}\n";
        self::$transmits = true;
        fwrite(self::$channel, $text); // if wsbridge has gone, reading from it shows that
        self::$transmits = false;
    }

    /** Ends an event. $result is JSON or null, $rows, $globals and $held are JSON or empty, $took is in seconds or 0. */
    public static function done($result, $rows, $globals, $code, $last, $took = 0, $held = '')
    {
        $done = ($result === null ? '' : '"result":' . $result . ',')
            . ($rows === '' ? '' : '"rows":{' . $rows . '},')
            . ($globals === '' ? '' : '"globals":' . $globals . ',')
            . ($held === '' ? '' : '"held":' . $held . ',')
            . (self::$bound === [] ? '' : '"bound":[' . implode(',', array_keys(self::$bound)) . '],')
            . (self::$wrote === '' ? '' : '"wrote":' . Value::text(self::$wrote) . ',')
            . '"code":"' . $code . '"' . self::$worker . ($took > 0 ? ',"took":' . self::seconds($took) : '');
        self::$wrote = self::$worker = '';
        self::$bound = [];
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
        if (self::$channel !== null) {
            self::transmit(Output::collect(false), $json, $payload);
            return;
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

    /**
     * Writes an event's last line. That of the last event is not flushed: php-fpm sends it together with the end of the answer. The others
     * are, before the next event begins, so that wsbridge knows which events have begun if PHP does not get to the end.
     */
    private static function finish($json, $last)
    {
        if (self::$channel !== null) {
            self::transmit(Output::collect(true), $json, null);
            return;
        }
        if (!$last) {
            self::begin();
        }
        Output::unwind();
        Output::leave();
        self::write($json, null);
        if (!$last) {
            flush();
            Output::enter();
        }
    }

    /** Writes an effect to the socket, and ends the worker if wsbridge has gone. */
    private static function transmit($printed, $json, $payload)
    {
        $text = $printed === '' ? '' : self::line(self::logEntry('info', $printed));
        $text .= self::line($json);
        if ($payload !== null) {
            $text .= $payload . "\n";
        }
        self::$transmits = true;
        $written = fwrite(self::$channel, $text);
        self::$transmits = false;
        if ($written !== strlen($text)) {
            Request::set(null);
            exit;
        }
    }

    /** Leaves the session of the request as it is at the first output. */
    public static function leaveSession()
    {
        self::$begun = true;
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

    /** Writes a time with six decimals. */
    private static function seconds($seconds)
    {
        if ($seconds >= 1) {
            return sprintf('%.6F', $seconds);
        }
        return '0.' . substr(1000000 + (int) ($seconds * 1e6), 1); // takes a quarter of the time
    }

    private static function logEntry($level, $message, $file = '', $line = 0, $daily = '')
    {
        return '"log":{"level":"' . $level . '","message":' . Value::text($message)
            . ($file === '' ? '' : ',"file":' . Value::text($file) . ',"line":' . (int) $line)
            . ($daily === '' ? '' : ',"daily":' . $daily) . '}';
    }
}
