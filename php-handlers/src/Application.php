<?php
namespace Wsbridge;

/** Runs one request: loads the application's files and runs the events in order. */
final class Application
{
    /** The application's push_server_events.php. */
    public static $eventsFile;

    /** The path of the entry script, as PHP reports it. */
    public static $entry;

    /** "start", then "include" while the application's files are loaded, then "events". */
    public static $phase = 'start';

    /** Files of the application that only handlers include, from WSBRIDGE_WATCH or the analysis. */
    private static $watched = [];

    /** Prepares the process for the events file; false if the request has been answered with a failure. */
    public static function start()
    {
        global $settings;
        Output::start();
        Answer::$token = $_SERVER['WSBRIDGE_TOKEN'];
        Failure::install();
        Process::prepare();
        if (!Request::read()) {
            return false;
        }
        // The real path: opcache then takes a symbolic link that points to another release for other code.
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
        @chdir(dirname(self::$eventsFile)); // as the original did; a missing folder shows at the include
        Helpers::define(isset($_SERVER['WSBRIDGE_YIELD']) ? $_SERVER['WSBRIDGE_YIELD'] : '');
        if (!empty($_SERVER['WSBRIDGE_WATCH'])) {
            self::watch(array_map('rawurldecode', explode(',', $_SERVER['WSBRIDGE_WATCH'])));
        }
        self::$phase = 'include';
        return true;
    }

    /** Runs the events. An exception of a handler leaves the loop, and Failure ends the event. */
    public static function run()
    {
        $first = Request::current();
        if ($first === null) {
            return; // the events file could not be read, see Failure
        }
        self::$phase = 'events';
        $code = self::code();
        $asked = $first['event'] === 'describe' || $first['event'] === 'inspect'; // these look at the code and do not run it
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

    /** Adds to the fingerprint the files of the application that only handlers include. */
    public static function watch(array $files)
    {
        self::$watched = $files;
    }

    /**
     * Loads a class for unserialize() (unserialize_callback_func) from the files that only handlers include. In the original's
     * process such a class existed from the first include on.
     */
    public static function loadClass($class)
    {
        foreach (self::$watched as $file) {
            if (!class_exists($class, false) && is_file($file)) {
                require_once $file;
            }
        }
    }

    /** Reports whether an included file belongs to the application. */
    public static function owns($file)
    {
        return $file !== self::$entry && $file !== Helpers::file() && strpos($file, __DIR__ . DIRECTORY_SEPARATOR) !== 0;
    }

    /**
     * Returns a fingerprint of the application's files. Until opcache.revalidate_freq seconds after a change, opcache may still
     * run the old code. The fingerprint ends with "+" during that time, so that wsbridge describes the code again after it.
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
                $newest = max($newest, filectime($file)); // some deployments keep the mtime of copied files
            }
        }
        $settled = $_SERVER['REQUEST_TIME'] > $newest + (int) ini_get('opcache.revalidate_freq');
        return md5($states) . ($settled ? '' : '+');
    }
}
