<?php
namespace Wsbridge\Analysis;

/** Finds handlers that are missing, that cannot be called, or that never are. */
final class HandlerFindings
{
    public static function find(Overview $overview, Findings $findings)
    {
        if (!function_exists('ws_server_authenticate')) {
            $findings->addAt('error', 'authenticate', 'there is no ws_server_authenticate(): every client is refused', '', 0);
        }
        foreach (HandlerMistakes::find($overview) as $mistake) {
            list($level, $kind, $cause) = $mistake;
            $findings->addAt($level, $kind, $cause['why'], $cause['file'], $cause['line']);
        }
    }
}
