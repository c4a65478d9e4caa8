<?php
namespace Wsbridge;

/**
 * Gives each event the PHP session of its client. A resident worker runs the events of many clients in one request, and PHP knows one
 * session per request.
 *
 * The id and the data never outlive an event. Settings do, such as session_name(), session_save_path() and session_set_save_handler():
 * a resident worker resets no settings, as the original's process did not, and where file scope makes them, they have to last.
 *
 * The id is taken from the cookie before the handler runs. So a handler that changes session_name() finds the cookie of that name
 * from its next event on.
 */
final class Session
{
    /** Whether PHP has sessions. */
    private static $isThere = false;

    /** Whether each event has a session without asking for it: session.auto_start. */
    private static $starts = false;

    /**
     * Prepares the process, before any output: PHP refuses to change the settings of sessions after it. Sessions send no cookie and no
     * headers from here on, so that session_start() works after output, too. If the request has a client, its first event is that client's.
     */
    public static function start($hasClient = false)
    {
        self::$isThere = function_exists('session_status') && session_status() !== PHP_SESSION_DISABLED;
        if (!self::$isThere) {
            return;
        }
        self::$starts = in_array(strtolower(ini_get('session.auto_start')), ['1', 'on', 'yes', 'true'], true);
        if (session_status() === PHP_SESSION_ACTIVE && !$hasClient) {
            session_destroy(); // PHP started it for the worker's request, which has no client
        }
        self::leave();
        ini_set('session.use_cookies', '0');
        ini_set('session.use_trans_sid', '0');
        ini_set('session.cache_limiter', '');
    }

    /** Takes the id from the cookie of the event's client, after Superglobals::enter(). */
    public static function enter()
    {
        if ($_COOKIE !== [] && self::$isThere) {
            $name = session_name();
            if (isset($_COOKIE[$name]) && is_string($_COOKIE[$name]) && preg_match('/^[A-Za-z0-9,-]{1,256}$/D', $_COOKIE[$name])) {
                session_id($_COOKIE[$name]);
            }
        }
        if (self::$starts) {
            session_start();
        }
    }

    /** Writes the session and frees its lock, before the end of the event is reported, and forgets it. */
    public static function leave()
    {
        if (!self::$isThere || session_id() === '' && !isset($_SESSION)) {
            return;
        }
        session_write_close();
        $_SESSION = []; // PHP holds a reference to it
        unset($_SESSION);
        self::forgetId();
    }

    private static function forgetId()
    {
        if (PHP_VERSION_ID >= 70200) {
            session_id('');
            return;
        }
        session_id('<'); // Older versions would take '' for an id. They make a new one instead of this, and session_destroy() drops it.
        session_start();
        session_destroy();
        unset($_SESSION);
    }
}
