<?php
/*
 * How an event fails: a warning is logged and survived, an exception, a fatal error and exit end their event only, with
 * a failed line.
 */
class WsbridgeFailure
{
    private static $active = false; // an event is under way
    private static $reserve;        // freed for the failed line when memory is exhausted

    public static function watch()
    {
        self::$reserve = str_repeat('x', 65536);
        set_error_handler(array('WsbridgeFailure', 'warning'));
        set_exception_handler(array('WsbridgeFailure', 'exception'));
        register_shutdown_function(array('WsbridgeFailure', 'shutdown'));
    }

    public static function eventBegins()
    {
        self::$active = true;
    }

    public static function eventEnds()
    {
        self::$active = false;
    }

    /** Ends the event, and the request with it. */
    public static function fail($kind, $message, $file = null, $line = null, $name = null)
    {
        if (!self::$active) {
            return;
        }
        self::$active = false;
        WsbridgeAnswer::settle();
        $failed = array('kind' => $kind, 'message' => WsbridgeValue::readable($message));
        if ($file !== null) {
            $failed['file'] = $file;
            $failed['line'] = $line;
        }
        if ($name !== null) {
            $failed['name'] = $name;
        }
        WsbridgeAnswer::effect('failed', json_encode($failed));
    }

    public static function warning($number, $message, $file, $line)
    {
        if ($number & (E_USER_ERROR | E_RECOVERABLE_ERROR)) {
            return false; // fatal by PHP's own rules
        }
        if (error_reporting() & $number) { // else the application suppressed it
            $quiet = $number & (E_DEPRECATED | E_USER_DEPRECATED);
            WsbridgeAnswer::log($quiet ? 'debug' : 'warning', $message, $file, $line);
        }
        return true;
    }

    /** Of PHP 5 or 7: whatever can be thrown. */
    public static function exception($e)
    {
        self::fail('exception', get_class($e) . ': ' . $e->getMessage(), $e->getFile(), $e->getLine());
    }

    public static function shutdown()
    {
        self::$reserve = null;
        if (!self::$active) {
            return;
        }
        $error = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        if ($error === null || !($error['type'] & $fatal)) {
            self::fail('exit', 'the handler called exit');
        } elseif (preg_match('/^Cannot redeclare (?:function )?(\w+)\(/', $error['message'], $match)
            && WsbridgeApplication::isOurs($error['message'])) {
            // A file of the application's own can be loaded before our helpers, its events file cannot.
            $isEvents = realpath($error['file']) === realpath($_SERVER['WSBRIDGE_EVENTS_FILE']);
            $name = $isEvents ? strtolower($match[1]) : $error['file'];
            self::fail('redeclare', $error['message'], $error['file'], $error['line'], $name);
        } else {
            self::fail('fatal', $error['message'], $error['file'], $error['line']);
        }
    }
}
