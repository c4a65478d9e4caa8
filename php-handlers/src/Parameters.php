<?php
namespace Wsbridge;

/**
 * The WSBRIDGE_ parameters of the request, see protocol/doc.go.
 *
 * getenv() asks php-fpm for one parameter. $_SERVER holds all of them, and PHP needs a tenth of a small event's time to fill it. It
 * does so only if a file that it loads names that variable (auto_globals_jit), so no file that every event loads names it.
 */
final class Parameters
{
    // The options, in their order.
    const CONTRACT = 0;
    const EVENTS = 1;
    const SETTINGS = 2;
    const COPY = 3;
    const INITIALIZE = 4;
    const PRESENCE = 5;
    const ANNOUNCE = 6;
    const SERVER = 7;
    const YIELDED = 8;
    const WATCHED = 9;
    const LIMIT = 10;

    /** The contract of a request that is to stay, see Resident. */
    const RESIDENT = '1 resident';

    /** The options: one static property, since each costs PHP as much as a function call. */
    public static $options = [];

    /** Reads them; false if the request is not wsbridge's: a client's header can only ever become an HTTP_* parameter. */
    public static function read()
    {
        $options = getenv('WSBRIDGE_OPTIONS');
        Answer::$token = getenv('WSBRIDGE_TOKEN');
        if ($options === false || Answer::$token === false) {
            return false;
        }
        self::$options = explode("\n", $options);
        return true;
    }

    /** Returns a parameter of the client's handshake, as the application has left it in $_SERVER, or "". */
    public static function ofClient($name)
    {
        if (!empty($GLOBALS['_SERVER'])) { // which does not fill it; variables_order may leave it empty
            return isset($GLOBALS['_SERVER'][$name]) ? $GLOBALS['_SERVER'][$name] : '';
        }
        return (string) getenv($name);
    }

    /** Tells the application an event's place in a trace, if it looks at $_SERVER: PHP has filled that then, and has not otherwise. */
    public static function setTrace($trace)
    {
        if (!empty($GLOBALS['_SERVER'])) {
            $GLOBALS['_SERVER']['WSBRIDGE_TRACEPARENT'] = $trace;
        }
    }
}
