<?php
namespace Wsbridge;

/** Runs one request: loads the application's files and runs the events in order. */
final class Application
{
    /** The application's push_server_events.php, by its real path. */
    public static $eventsFile;

    /** The path of the entry script, as PHP reports it. */
    public static $entry;

    /** "start", then "include" while the application's files are loaded, then "events". */
    public static $phase = 'start';

    /** When the request began, as microtime(true). */
    private static $began;

    /** The file of the application that was changed last, and when. */
    private static $newest = ['', 0];

    /** The same without the settings file, which opcache does not keep. */
    private static $newestCode = ['', 0];

    /** By how many seconds two clocks may differ without a word: then code counts as new for so much longer. */
    const SKEW = 2;

    /** Files of the application that only handlers include, from the option watch or the analysis. */
    private static $watched = [];

    /** Prepares the process for the events file; false if the request has been answered with a failure. */
    public static function start()
    {
        global $settings;
        Failure::install();
        Output::start();
        self::$began = microtime(true);
        Process::prepare();
        if (Parameters::$options[Parameters::CONTRACT] === Parameters::RESIDENT ? !self::stay() : !Request::read()) {
            return false;
        }
        if (in_array(Request::current()['event'], ['describe', 'inspect'], true)) {
            clearstatcache(true); // PHP knows for realpath_cache_ttl seconds where a symbolic link has led
        }
        // The real path: opcache then takes a symbolic link that points to another release for other code.
        $options = Parameters::$options;
        self::$eventsFile = realpath($options[Parameters::EVENTS]) ?: $options[Parameters::EVENTS];
        if ($options[Parameters::SETTINGS] !== '') {
            $settings = Settings::load($options[Parameters::SETTINGS], $options[Parameters::COPY]);
            if ($settings === null) {
                Failure::unreadable($options[Parameters::SETTINGS]);
                return false;
            }
        }
        @chdir(dirname(self::$eventsFile)); // as the original did; a missing folder shows at the include
        Helpers::define($options[Parameters::YIELDED]);
        if ($options[Parameters::WATCHED] !== '') {
            self::watch(array_map('rawurldecode', explode(',', $options[Parameters::WATCHED])));
        }
        if ($options[Parameters::SERVER] !== '') {
            // Not in a file, which PHP might preload. And not before the application is described: opcache would do it again for each event
            // that loads a file which was compiled after it.
            // The application need not know the token: what knows it could write answers.
            eval('unset($_SERVER["WSBRIDGE_TOKEN"]);');
        }
        self::$phase = 'include';
        return true;
    }

    /** Makes this request a worker that stays; false if it cannot. */
    private static function stay()
    {
        foreach (['Resident', 'Code', 'Environment', 'Superglobals', 'Session', 'Changes', 'KeptGlobals', 'Audit', 'Beside', 'SideEffects', 'ErrorLog', 'ProcessTree',
            'ChildOutput', 'ChildInput', 'Child', 'ChildHandle', 'Children'] as $class) {
            require __DIR__ . '/' . $class . '.php';
        }
        return Resident::connect();
    }

    /** Runs the events. An exception of a handler leaves the loop, and Failure ends the event. */
    public static function run()
    {
        $first = Request::current();
        if ($first === null) {
            return; // the events file could not be read, see Failure
        }
        self::$phase = 'events';
        if (Answer::$channel !== null) {
            Resident::run();
            return;
        }
        $code = self::code();
        $asked = $first['event'] === 'describe' || $first['event'] === 'inspect'; // these look at the code and do not run it
        $every = Parameters::$options[Parameters::INITIALIZE] === 'every' && !$asked;
        $began = self::$began;
        $isShared = Request::isShared();
        if ($isShared || $first['clock']) {
            Process::beginTime();
        }
        if ($isShared) {
            class_exists(__NAMESPACE__ . '\SharedRequest', false) || require __DIR__ . '/SharedRequest.php';
            SharedRequest::start();
        }
        for ($initialized = false; $event = Request::current(); Request::next()) {
            if ($event['code'] !== '' && $event['code'] !== $code) {
                Failure::changed($code);
                return;
            }
            if ($every && !$initialized && function_exists('ws_server_initialize')) {
                ws_server_initialize();
                $initialized = true;
            }
            if ($isShared) {
                SharedRequest::begin($event);
            }
            if ($event['trace'] !== '') {
                Parameters::setTrace($event['trace']);
            }
            Presence::begin(microtime(true));
            Rows::load($event);
            Globals::load($event);
            $result = $initialized && $event['event'] === 'initialize' ? null : Handlers::run($event);
            if ($isShared) {
                SharedRequest::end();
            }
            $rows = Rows::changes();
            $globals = Globals::changes();
            if ($event['identify']) {
                Answer::$worker = ',"worker":' . (int) getmypid();
            }
            $now = microtime(true);
            $took = Process::withoutDelay($now - $began);
            Answer::done($result, $rows, $globals, $asked ? self::code() : $code, Request::isLast(), $took);
            if ($isShared && !SharedRequest::isIntact($took)) {
                Failure::skip('has not left the request as it was');
                return;
            }
            $began = $now;
        }
    }

    /** Adds to the fingerprint the files of the application that only handlers include. */
    public static function watch(array $files)
    {
        self::$watched = $files;
        Value::$loader = $files === [] ? '' : __NAMESPACE__ . '\Application::loadClass';
    }

    /** Returns the files of the application that only handlers include. */
    public static function watched()
    {
        return self::$watched;
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
        return $file !== self::$entry && $file !== Helpers::file() && $file !== Parameters::$options[Parameters::COPY]
            && strpos($file, __DIR__ . DIRECTORY_SEPARATOR) !== 0;
    }

    /**
     * Returns a fingerprint of the application's files and its settings. Until opcache.revalidate_freq seconds after a change,
     * opcache may still run the old code. The fingerprint ends with "+" during that time, so that wsbridge describes the code again
     * after it. An opcache that never looks at files may do so until it begins anew.
     */
    public static function code()
    {
        $files = get_included_files();
        if (self::$watched !== []) {
            $files = array_unique(array_merge($files, self::$watched));
        }
        $states = Settings::$state . "\n";
        self::note(Parameters::$options[Parameters::SETTINGS], Settings::$changed, true);
        $helpers = Helpers::file();
        foreach ($files as $file) {
            $ours = $file === $helpers || $file === self::$entry; // spares most events the calls for these two
            if (!$ours && self::owns($file) && ($modified = @filemtime($file)) !== false) {
                $states .= $file . ':' . $modified . ':' . filesize($file) . "\n";
                self::note($file, filectime($file)); // some deployments keep the mtime of copied files
            }
        }
        $settled = (int) self::$began > self::$newest[1] + (int) ini_get('opcache.revalidate_freq') && self::frozenOver() === '';
        return md5($states) . ($settled ? '' : '+');
    }

    /** Returns a file that was changed after opcache began to keep files without ever looking at them again; "": there is none. */
    public static function frozenOver()
    {
        $since = Opcache::frozenSince();
        return $since === null || self::$newestCode[1] < $since ? '' : self::$newestCode[0];
    }

    private static function note($file, $changed, $first = false)
    {
        if (!$first && $changed > self::$newestCode[1]) {
            self::$newestCode = [$file, $changed];
        }
        if ($first || $changed > self::$newest[1]) {
            self::$newest = [$file, $changed];
        }
    }

    /**
     * Returns what is to be known if the file that was changed last is newer than PHP's clock says it is, as on a file server with a
     * clock of its own: why, and after how many seconds without a change opcache has certainly looked at the files. Null: it is not.
     */
    public static function ahead()
    {
        self::code();
        $ahead = self::$newest[1] - time();
        return $ahead <= self::SKEW ? null : ['why' => self::$newest[0] . ' was changed ' . $ahead . ' s after now by PHP\'s clock',
            'wait' => (int) ini_get('opcache.revalidate_freq') + 1];
    }
}
