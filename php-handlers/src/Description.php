<?php
namespace Wsbridge;

/** Answers the event "describe": what the application's code can do, and which PHP runs it. */
final class Description
{
    /** The files of the analysis, which other events do not need. */
    const ANALYSIS = 'Source,Scope,Code,Unit,Parser,Program,Loader,Implicit,Includes,Php,Extensions,Callbacks,Calls,Variables,Roles,Statics,ProcessWide,ProcessUses,
        RequestUses,Scanner,Functions,Classes,Callables,Options,Guards,Reach,ProcessBound,Holding,Repeatable,Globals,Handles,RowReferences,ProcessValues,OneProcess,Overview,HandlerMistakes';

    /** Whether the analysis is running. It loads classes, so it may run the application's code and end with it. */
    private static $reading = false;

    public static function json()
    {
        return self::encode(self::describe(self::analyse()) + ['settings' => base64_encode(Settings::copy())]);
    }

    public static function isReading()
    {
        return self::$reading;
    }

    public static function isOn($setting)
    {
        return in_array(strtolower(ini_get($setting)), ['1', 'on', 'yes', 'true'], true);
    }

    /** Answers the event after code that the analysis loaded has ended PHP: every handler counts as one that reaches everything. */
    public static function giveUp($why, $file)
    {
        self::$reading = false;
        $overview = Analysis\Overview::unreadable('PHP ended while the classes were loaded that its code names: ' . $why, $file);
        $event = Request::current();
        $json = $event['event'] === 'inspect' ? Inspection::report($overview) : self::encode(self::describe($overview));
        Answer::done($json, '', '', Application::code(), Request::isLast());
        Request::next();
    }

    /** Encodes a description, whose strings may contain bytes of source files, as JSON. */
    public static function encode(array $description)
    {
        array_walk_recursive($description, function (&$text) {
            if (is_string($text) && !preg_match('//u', $text)) {
                $text = json_decode(Value::text($text));
            }
        });
        foreach (['handlers', 'globals'] as $set) {
            $description[$set] = $description[$set] ?: (object) [];
        }
        return json_encode($description);
    }

    /** Returns the names of variables as the protocol writes the names of fields. */
    public static function names(array $names)
    {
        return array_map(function ($name) {
            return json_decode(Value::encodeName($name));
        }, $names);
    }

    public static function analyse()
    {
        foreach (preg_split('/,\s*/', self::ANALYSIS) as $name) {
            require_once __DIR__ . '/Analysis/' . $name . '.php';
        }
        self::$reading = true;
        $overview = Analysis\Overview::loaded();
        self::$reading = false;
        return $overview;
    }

    public static function describe(Analysis\Overview $overview)
    {
        Application::watch($overview->watch());
        $globals = $overview->globals === null ? [] : $overview->globals->all();
        return [
            'handlers' => self::handlers($overview),
            'globals' => array_combine(self::names(array_keys($globals)), $globals),
            'php' => PHP_VERSION,
            'user' => Process::user(),
            'uid' => function_exists('posix_geteuid') ? posix_geteuid() : null,
            'presence' => Presence::isKnown(),
            'server' => $overview->program === null || $overview->unreadable !== null || $overview->program->looksAtServer,
            'shares' => true,
            'watch' => $overview->watch(),
            'yield' => self::yielded($overview),
            'statics' => $overview->statics(),
            'mistakes' => array_map(function ($mistake) {
                return $mistake[2];
            }, Analysis\HandlerMistakes::find($overview)),
            'warnings' => self::warnings(),
            'ahead' => Application::ahead(),
        ];
    }

    /** Returns the entries of the option yield for helpers that a file defines which only handlers include. */
    private static function yielded(Analysis\Overview $overview)
    {
        $yielded = [];
        foreach (array_intersect_key($overview->program === null ? [] : $overview->program->functions, Helpers::ours()) as $name => $unit) {
            foreach ($unit->codes as $code) {
                $late = in_array($code->source->file, $overview->watch(), true);
                if ($late && !Analysis\Guards::has($code->source, 'function_exists', $name)) {
                    $yielded[] = Helpers::entry($name, $code->source->file);
                }
            }
        }
        return array_values(array_unique($yielded));
    }

    private static function handlers(Analysis\Overview $overview)
    {
        $handlers = [];
        foreach (array_keys(Analysis\Roles::HANDLERS) as $name) {
            if (function_exists($name)) {
                $function = new \ReflectionFunction($name);
                $reached = $overview->handler($name);
                foreach (array_intersect_key($reached, ['reads' => true, 'writes' => true]) as $what => $names) {
                    $reached[$what] = self::names($names);
                }
                $handlers[$name] = ['params' => $function->getNumberOfParameters()] + $reached;
            }
        }
        return $handlers;
    }

    private static function warnings()
    {
        $warnings = [];
        $ahead = Application::ahead();
        if ($ahead !== null) {
            $warnings[] = $ahead['why'] . ': after each change of the code, all events run alone for some seconds more';
        }
        $hindrance = DailyLog::hindrance();
        if ($hindrance !== '') {
            $warnings[] = $hindrance;
        }
        if (!Opcache::isOn()) {
            $warnings[] = 'opcache is off: PHP compiles the application anew for every event';
        } elseif (!function_exists('opcache_get_status')) {
            $warnings[] = 'opcache_get_status() is disabled: a resident worker does not see that opcache_reset() was called, and php-fpm kills '
                . 'it after opcache.force_restart_timeout';
        }
        $changed = Application::frozenOver();
        if ($changed !== '') {
            $warnings[] = $changed . ' was changed after opcache began to keep files, and opcache.validate_timestamps is 0: PHP may run older '
                . 'code, and all events run alone, until php-fpm is reloaded';
        } elseif (Opcache::frozenSince() !== null) {
            $warnings[] = 'opcache.validate_timestamps is 0: changed code does not run until php-fpm is reloaded';
        }
        if (strpos(strtoupper(ini_get('variables_order')), 'S') === false) {
            $warnings[] = 'variables_order in php.ini has no S: if each event is a request, $_SERVER is empty in handlers';
        }
        if (!function_exists('ini_set')) {
            $warnings[] = 'ini_set() is disabled: PHP\'s memory limit stays as php.ini has it, and session_start() fails after a handler has '
                . 'sent something';
        }
        if (@scandir('/proc/self/fd') === false) {
            $warnings[] = 'PHP cannot read /proc (open_basedir or disable_functions in php.ini): a resident worker does not see that php-fpm '
                . 'reloads, which then waits for it until process_control_timeout, and start_process() fails';
        }
        if (!function_exists('session_start')) {
            $warnings[] = 'the session extension is missing: session_start() is undefined';
        }
        return $warnings;
    }
}
