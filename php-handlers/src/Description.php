<?php
namespace Wsbridge;

/** Answers the event "describe": what the application's code can do, and which PHP runs it. */
final class Description
{
    /** The files of the analysis, which other events do not need. */
    const ANALYSIS = 'Source,Code,Unit,Parser,Program,Loader,Implicit,Includes,Php,Callbacks,Calls,Variables,Roles,Statics,Scanner,Functions,
        Callables,Guards,Reach,ProcessBound,Globals,Overview';

    /** Whether the analysis is running. It loads classes, so it may run the application's code and end with it. */
    private static $reading = false;

    public static function json()
    {
        return self::encode(self::describe(self::analyse()));
    }

    public static function isReading()
    {
        return self::$reading;
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
            require __DIR__ . '/Analysis/' . $name . '.php';
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
            'presence' => Presence::isKnown(),
            'watch' => $overview->watch(),
            'yield' => self::yielded($overview),
            'statics' => $overview->statics(),
            'warnings' => self::warnings(),
        ];
    }

    /** Returns the entries of WSBRIDGE_YIELD for helpers that a file defines which only handlers include. */
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
        foreach (explode(',', Handlers::NAMES) as $event) {
            $name = 'ws_server_' . $event;
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
        $folder = defined('WEBSOCKET_LOG_PATH') ? WEBSOCKET_LOG_PATH : '';
        if ($folder !== '' && !(is_dir($folder) && is_writable($folder))) {
            $warnings[] = 'WEBSOCKET_LOG_PATH ' . $folder . ' cannot be written by user ' . Process::user()
                . ': show_message writes no daily file';
        }
        if (!ini_get('opcache.enable') || !function_exists('opcache_get_status')) {
            $warnings[] = 'opcache is off: PHP compiles the application anew for every event';
        }
        if (!function_exists('session_start')) {
            $warnings[] = 'the session extension is missing: session_start() is undefined';
        }
        return $warnings;
    }
}
