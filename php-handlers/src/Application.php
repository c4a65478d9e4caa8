<?php
namespace Wsbridge;

/** One request: the application's files are loaded, and its events run in order. */
final class Application
{
    /** The application's push_server_events.php. */
    public static $eventsFile;

    /** The entry script, by the name that PHP knows it by. */
    public static $entry;

    /** "start", then "include" while the application's files are loaded, then "events". */
    public static $phase = 'start';

    /** Prepares what the events file may rely on; false if the request was answered with a failure. */
    public static function start()
    {
        global $settings;
        Output::start();
        Answer::$token = $_SERVER['WSBRIDGE_TOKEN'];
        Failure::watch();
        Process::prepare();
        if (!Request::read()) {
            return false;
        }
        // By its real path, so that a symbolic link to another release is other code to opcache.
        $real = realpath($_SERVER['WSBRIDGE_EVENTS_FILE']);
        self::$eventsFile = $real === false ? $_SERVER['WSBRIDGE_EVENTS_FILE'] : $real;
        $settingsFile = $_SERVER['WSBRIDGE_SETTINGS_FILE'];
        if ($settingsFile !== '') {
            $settings = Process::constants($settingsFile);
            if ($settings === null) {
                Failure::unreadable($settingsFile);
                return false;
            }
        }
        @chdir(dirname(self::$eventsFile)); // as the original was; the include tells if there is none
        Helpers::define(isset($_SERVER['WSBRIDGE_YIELD']) ? $_SERVER['WSBRIDGE_YIELD'] : '');
        self::$phase = 'include';
        return true;
    }

    /** Runs the request's events. What a handler throws ends the loop and its event. */
    public static function run()
    {
        if (Request::current() === null) {
            return; // the events file could not be read, see Failure
        }
        $code = self::code();
        self::$phase = 'events';
        $first = Request::current();
        $every = $_SERVER['WSBRIDGE_INITIALIZE'] === 'every' && !in_array($first['event'], ['describe', 'inspect'], true);
        if ($every && function_exists('ws_server_initialize')) {
            ws_server_initialize();
        }
        while ($event = Request::current()) {
            Rows::load($event);
            $initialized = $every && $event['event'] === 'initialize';
            $result = $initialized ? null : Handlers::run($event);
            Answer::done($result, Rows::changes(), $code, Request::isLast());
            Request::next();
        }
    }

    /** Whether an included file is the application's, not ours. */
    public static function owns($file)
    {
        $ours = [__DIR__, __DIR__ . DIRECTORY_SEPARATOR . 'Analysis', dirname(__DIR__) . DIRECTORY_SEPARATOR . 'functions'];
        return !in_array(dirname($file), $ours, true) && $file !== self::$entry;
    }

    /**
     * A fingerprint of the application's files. For up to opcache.revalidate_freq seconds after a file has changed,
     * opcache may still run what it was before; until then the fingerprint is another one, so that wsbridge looks
     * again when the new code certainly runs.
     */
    private static function code()
    {
        $stats = '';
        $newest = 0;
        foreach (get_included_files() as $file) {
            if (self::owns($file) && !Helpers::isAhead($file) && ($stat = @stat($file))) {
                $stats .= $file . ':' . $stat['mtime'] . ':' . $stat['size'] . "\n";
                $newest = max($newest, $stat['ctime']); // a deployment may keep the mtime of the files it copies
            }
        }
        $settled = $_SERVER['REQUEST_TIME'] > $newest + (int) ini_get('opcache.revalidate_freq');
        return md5($stats) . ($settled ? '' : '+');
    }
}
