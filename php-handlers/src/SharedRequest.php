<?php
namespace Wsbridge;

/**
 * Runs each event of a request that has several of different clients as if the request were its own. wsbridge sends such requests only if
 * no handler of these events leaves anything in its process, as far as its code shows; see protocol/doc.go.
 *
 * An event begins only after the last line of the one before it is written: wsbridge runs again what has not begun.
 */
final class SharedRequest
{
    /** For how many seconds an event may have run for others to follow it in its request. The time limits of php-fpm count for all together. */
    const LONG = 0.1;

    /** Whether handlers look at their clients' parameters or sessions. */
    private static $hasClients = false;

    /** Is called before the first event, and before the first output. */
    public static function start()
    {
        $first = Request::current();
        self::$hasClients = $first['parameters'];
        if (!self::$hasClients) {
            return;
        }
        Answer::leaveSession();
        foreach (['Environment', 'Superglobals', 'Session'] as $class) {
            class_exists(__NAMESPACE__ . '\\' . $class, false) || require __DIR__ . '/' . $class . '.php';
        }
        Superglobals::start();
        Session::start(true);
    }

    public static function begin(array $event)
    {
        if (!self::$hasClients) {
            return;
        }
        if ($event['environment'] !== '') { // else the parameters of the request are its client's
            Superglobals::learn($event['client'], unserialize($event['environment']));
            Superglobals::enter($event['client'], microtime(true));
            Superglobals::forget($event['client']);
        }
        Session::enter();
    }

    /** Is called after the handlers have returned. */
    public static function end()
    {
        if (self::$hasClients) {
            Session::leave();
        }
        Process::restartTimeLimit();
        clearstatcache();
    }

    /** Reports whether the next event may begin after one that took so long: that one's last line is on its way, and the request is as it was. */
    public static function isIntact($took)
    {
        return $took < self::LONG && connection_status() === 0 && (Request::isLast() || Output::isIntact());
    }
}
