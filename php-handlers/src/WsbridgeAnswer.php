<?php
/*
 * The answer: one line per effect, flushed as it is made, and everything else that is printed kept out of it.
 *
 * What the application prints goes into an output buffer and becomes a log line. While the application has a buffer of its
 * own open on top of that one, lines are held back: they cannot get past it. If it closes ours too, what it prints stands
 * between the lines; lines carry a token, so wsbridge can tell.
 */
class WsbridgeAnswer
{
    const PRINTED_LIMIT = 8192;

    public static $seq = 0;

    private static $token;
    private static $level;
    private static $held = '';
    private static $flushed = false;

    public static function begin($token)
    {
        ini_set('zlib.output_compression', '0');
        while (ob_get_level() > 0) {
            ob_end_clean(); // php.ini's output_buffering
        }
        self::$token = $token;
        ob_start();
        self::$level = ob_get_level();
    }

    /** Writes one effect: its name, its JSON, and the payload whose length the JSON gives. */
    public static function effect($name, $json, $payload = null)
    {
        self::notePrinted();
        self::line($name, $json, $payload);
        if (ob_get_level() <= self::$level) {
            self::release();
        }
    }

    /** Writes a log line; file and line are where it comes from, if that is known. */
    public static function log($level, $message, $file = null, $line = null)
    {
        $log = array('level' => $level, 'message' => WsbridgeValue::readable($message));
        if ($file !== null) {
            $log['file'] = $file;
            $log['line'] = $line;
        }
        self::effect('log', json_encode($log));
    }

    /** Ends an event: the application's open buffers are closed, and what it printed is logged. */
    public static function settle()
    {
        while (ob_get_level() > self::$level) {
            ob_end_flush();
        }
        self::notePrinted();
        if (self::$held !== '') {
            self::release();
        }
    }

    /** Makes a log line of what the application has printed into our buffer. */
    private static function notePrinted()
    {
        if (ob_get_level() !== self::$level || ob_get_length() === 0) {
            return;
        }
        $printed = rtrim(ob_get_contents());
        ob_clean();
        if ($printed !== '') {
            $message = WsbridgeValue::readable(substr($printed, 0, self::PRINTED_LIMIT));
            self::line('log', json_encode(array('level' => 'info', 'message' => $message)));
        }
    }

    private static function line($name, $json, $payload = null)
    {
        self::$held .= self::$token . ' {"seq":' . self::$seq . ',"' . $name . '":' . $json . "}\n";
        if ($payload !== null) {
            self::$held .= $payload . "\n";
        }
    }

    /** Sends what is held, below our buffer. If the application has closed that, a newline ends what it printed since. */
    private static function release()
    {
        $lines = self::$held;
        self::$held = '';
        if (ob_get_level() === self::$level) {
            ob_end_clean();
        } else {
            $lines = "\n" . $lines;
        }
        self::write($lines);
        while (ob_get_level() < self::$level) {
            ob_start();
        }
    }

    private static function write($lines)
    {
        if (!self::$flushed) {
            self::$flushed = true;
            self::keepSessionsPossible();
        }
        echo $lines;
        flush();
    }

    /*
     * The first flush sends PHP's headers, after which session_start() could set no cookie and would fail over it. A
     * WebSocket takes no cookie anyway, so the session's id is taken from the handshake's cookie here.
     */
    private static function keepSessionsPossible()
    {
        if (!function_exists('session_status') || session_status() !== PHP_SESSION_NONE || session_id() !== '') {
            return;
        }
        ini_set('session.use_cookies', '0');
        ini_set('session.use_only_cookies', '0');
        ini_set('session.cache_limiter', '');
        $name = session_name();
        if (isset($_COOKIE[$name]) && is_string($_COOKIE[$name]) && preg_match('/^[A-Za-z0-9,-]{1,256}$/', $_COOKIE[$name])) {
            session_id($_COOKIE[$name]);
        }
    }
}
