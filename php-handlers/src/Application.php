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

    /** Files of the application's that only handlers include. */
    private static $watched = [];

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
        if (!empty($_SERVER['WSBRIDGE_WATCH'])) {
            self::watch(array_map('rawurldecode', explode(',', $_SERVER['WSBRIDGE_WATCH'])));
        }
        self::$phase = 'include';
        return true;
    }

    /** Runs the request's events. What a handler throws ends the loop and its event. */
    public static function run()
    {
        $first = Request::current();
        if ($first === null) {
            return; // the events file could not be read, see Failure
        }
        self::$phase = 'events';
        $code = self::code();
        $asked = $first['event'] === 'describe' || $first['event'] === 'inspect'; // about the code, which then only lies there
        $every = $_SERVER['WSBRIDGE_INITIALIZE'] === 'every' && !$asked;
        $began = $_SERVER['REQUEST_TIME_FLOAT'];
        for ($initialized = false; $event = Request::current(); Request::next()) {
            if ($event['code'] !== '' && $event['code'] !== $code) {
                Failure::changed($code);
                return;
            }
            if ($every && !$initialized && function_exists('ws_server_initialize')) {
                ws_server_initialize();
                $initialized = true;
            }
            Presence::begin();
            Rows::load($event);
            Globals::load($event);
            $result = $initialized && $event['event'] === 'initialize' ? null : Handlers::run($event);
            $rows = Rows::changes();
            $globals = Globals::changes();
            $now = microtime(true);
            Answer::done($result, $rows, $globals, $asked ? self::code() : $code, Request::isLast(), $now - $began);
            $began = $now;
        }
    }

    /** Further files of the application that the fingerprint is to know of: those that only handlers include. */
    public static function watch(array $files)
    {
        self::$watched = $files;
    }

    /**
     * PHP's unserialize_callback_func: a class that only a file declares which handlers include. In the original's one process
     * it was there from the first include on.
     */
    public static function loadClass($class)
    {
        foreach (self::$watched as $file) {
            if (!class_exists($class, false) && is_file($file)) {
                require_once $file;
            }
        }
    }

    /** Whether an included file is the application's, not ours. */
    public static function owns($file)
    {
        return $file !== self::$entry && $file !== Helpers::file() && strpos($file, __DIR__ . DIRECTORY_SEPARATOR) !== 0;
    }

    /**
     * A fingerprint of the application's files. For up to opcache.revalidate_freq seconds after a file has changed,
     * opcache may still run what it was before; until then the fingerprint is another one, so that wsbridge looks
     * again when the new code certainly runs.
     */
    public static function code()
    {
        $files = get_included_files();
        if (self::$watched !== []) {
            $files = array_unique(array_merge($files, self::$watched));
        }
        $states = '';
        $newest = 0;
        foreach ($files as $file) {
            if (self::owns($file) && ($modified = @filemtime($file)) !== false) {
                $states .= $file . ':' . $modified . ':' . filesize($file) . "\n";
                $newest = max($newest, filectime($file)); // a deployment may keep the mtime of the files it copies
            }
        }
        $settled = $_SERVER['REQUEST_TIME'] > $newest + (int) ini_get('opcache.revalidate_freq');
        return md5($states) . ($settled ? '' : '+');
    }
}
