<?php
namespace Wsbridge;

/** Answers the event "inspect": the description, and what the owner of an application should know before moving it to wsbridge. */
final class Inspection
{
    /** The further files of the analysis, which only this event needs. */
    const ANALYSIS = 'Findings,ProcessFindings,SocketFindings,StateFindings,NameFindings,Constants,Missing,HandlerFindings,SharedObjects,
        Outside,OutsideFindings';

    public static function json()
    {
        return self::report(Description::analyse());
    }

    public static function report(Analysis\Overview $overview)
    {
        foreach (preg_split('/,\s*/', self::ANALYSIS) as $name) {
            require_once __DIR__ . '/Analysis/' . $name . '.php';
        }
        $program = $overview->program ?: new Analysis\Program();
        return Description::encode(Description::describe($overview) + [
            'files' => self::files($program),
            'functions' => array_sum(array_map('count', $program->methods)) + count($program->functions),
            'fills' => Description::names(self::fills($overview)),
            'outside' => Analysis\OutsideFindings::races($overview) ?: (object) [],
            'findings' => self::findings($overview),
            'no_residents' => self::noResidents(),
        ]);
    }

    /** Returns why no worker can stay, or "". */
    private static function noResidents()
    {
        $error = '';
        if (!function_exists('stream_socket_client') && !function_exists('fsockopen')) {
            stream_socket_client('', $code, $error, 0); // what stands for it says so
        }
        return $error;
    }

    /** Returns the application's files, the events file first. */
    private static function files(Analysis\Program $program)
    {
        $files = $program->sources;
        $events = array_intersect_key($files, [Application::$eventsFile => true]);
        return array_keys($events + $files);
    }

    /** Returns the names of the global variables that ws_server_initialize sets. */
    private static function fills(Analysis\Overview $overview)
    {
        $fills = [];
        foreach ($overview->globals === null ? [] : $overview->globals->all() as $name => $global) {
            if ($overview->globals->isWrittenBy('ws_server_initialize', $name)) {
                $fills[] = (string) $name;
            }
        }
        return $fills;
    }

    /** Returns the sorted list of findings. */
    public static function findings(Analysis\Overview $overview)
    {
        $findings = new Analysis\Findings($overview->program ?: new Analysis\Program());
        if ($overview->unreadable !== null) {
            $kind = function_exists('token_get_all') ? 'php' : 'extension';
            $findings->addAt('warning', $kind, $overview->unreadable . ': every handler counts as one that reaches everything', '', 0);
        }
        Analysis\HandlerFindings::find($overview, $findings);
        if ($overview->program !== null) {
            Analysis\ProcessFindings::find($overview, $findings);
            Analysis\SocketFindings::find($findings);
            Analysis\StateFindings::find($overview, $findings);
            Analysis\NameFindings::find($overview, $findings);
            Analysis\OutsideFindings::find($overview, $findings);
        }
        return $findings->sorted();
    }
}
