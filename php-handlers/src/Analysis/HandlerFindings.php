<?php
namespace Wsbridge\Analysis;

/** Finds handlers that are missing or cannot be called. */
final class HandlerFindings
{
    public static function find(Overview $overview, Findings $findings)
    {
        if (!function_exists('ws_server_authenticate')) {
            $findings->addAt('error', 'authenticate', 'there is no ws_server_authenticate(): every client is refused', '', 0);
        }
        foreach (array_filter(array_keys($overview->handlers), 'function_exists') as $name) {
            $function = new \ReflectionFunction($name);
            $given = count(Roles::HANDLERS[$name]);
            $needed = $function->getNumberOfRequiredParameters();
            if ($needed > $given) {
                $level = PHP_VERSION_ID >= 70100 ? 'error' : 'warning';
                $findings->addAt($level, 'arity', $name . '() needs ' . $needed . ' parameters, and is given ' . $given,
                    (string) $function->getFileName(), (int) $function->getStartLine());
            }
        }
    }
}
