<?php
namespace Wsbridge\Analysis;

/** Finds what acts outside of PHP in another way than under the original: more than once, or at the same time as other events. */
final class OutsideFindings
{
    /** Adds what is written when a process starts. The original started once. */
    public static function find(Overview $overview, Findings $findings)
    {
        $starting = ['code outside of functions' => $overview->program->file];
        if (!$overview->initializesOnce && isset($overview->handlers['ws_server_initialize'])) {
            $starting['ws_server_initialize()'] = $overview->handlers['ws_server_initialize'];
        }
        foreach ($starting as $label => $unit) {
            $found = Outside::reached($overview->reach, $unit);
            foreach ($found['writes'] as $what => $place) {
                $does = $label . ' ' . ($what === 'program' ? 'runs or mails something' : 'writes to ' . Outside::WORDS[$what]);
                $once = $unit->isFile ? '' : ' (php.initialize = "once" runs it at the start only)';
                $findings->addForBoth('warning', 'start', $does . ' in each event' . $once, $place, $does . ' each time that a worker starts' . $once);
            }
        }
    }

    /** Returns the handlers that read and write the same kind of thing, by name, with the place of the write. */
    public static function races(Overview $overview)
    {
        $races = [];
        foreach ($overview->reach === null ? [] : $overview->handlers as $name => $handler) {
            $found = Outside::reached($overview->reach, $handler);
            foreach (array_intersect_key($found['writes'], $found['reads']) as $what => $place) {
                $races += [$name => ['why' => 'reads and writes ' . Outside::WORDS[$what]] + $place];
            }
        }
        return $races;
    }
}
