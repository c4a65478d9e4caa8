<?php
namespace Wsbridge;

/**
 * Runs events in a worker that stays, beside the one that has all rows. Each event brings the row of its client, the living global
 * variables that it reads, and its client's parameters; none of these is there for the next event.
 */
final class Beside
{
    /** Members of an event that may be absent. */
    private static $absent = ['environment' => '', 'rows' => '', 'values' => ''];

    /** The fingerprint of the code that was loaded. */
    private static $code = '';

    /** The values that file scope and ws_server_initialize gave to global variables which events bring, by name; absent: none. */
    private static $originals = [];

    /** Names of the variables that the running event has brought. */
    private static $brought = [];

    /** Is called once, when the application is loaded. */
    public static function start()
    {
        self::$code = Application::code();
        Resident::initialize();
        Process::endTimeLimit();
        ErrorLog::pass();
        Answer::done(null, '', '', self::$code, true);
    }

    public static function handle(array $event)
    {
        $began = microtime(true);
        $event += self::$absent + Request::DEFAULTS;
        $client = $event['client'];
        if ($event['environment'] !== '') {
            Superglobals::learn($client, unserialize($event['environment']));
        }
        Superglobals::enter($client, $began, $event['trace']);
        Session::enter();
        Presence::begin($began);
        Process::begin($event['event']);
        Rows::load($event);
        self::bring($event);
        Globals::load($event);
        SideEffects::begin($event['event']);
        $result = Handlers::run($event);
        SideEffects::end($event['event']);
        Session::leave();
        Process::endTimeLimit();
        ErrorLog::pass();
        $rows = Rows::changes();
        $globals = Globals::changes();
        Answer::done($result, $rows, $globals, self::$code, true, Process::took($event['event'], $began));
        self::restore();
        if ($client !== Superglobals::SERVER) {
            Superglobals::forget($client);
        }
    }

    /** Remembers what the event's global variables hold in this process. */
    private static function bring(array $event)
    {
        self::$brought = Globals::namesIn($event['values']);
        foreach (self::$brought as $name) {
            if (!isset(self::$originals[$name])) {
                self::$originals[$name] = array_key_exists($name, $GLOBALS) ? [$GLOBALS[$name]] : [];
            }
        }
    }

    /** Gives the event's global variables back what they had. */
    private static function restore()
    {
        foreach (self::$brought as $name) {
            if (self::$originals[$name] === []) {
                unset($GLOBALS[$name]);
            } else {
                $GLOBALS[$name] = self::$originals[$name][0];
            }
        }
        self::$brought = [];
    }
}
