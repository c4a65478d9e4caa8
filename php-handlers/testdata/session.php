<?php
/*
 * Runs events in one process, as a resident worker does. The body has a line each: a Cookie header, a tab and PHP code. Prints for each a
 * line with what the code returned and the warnings meanwhile, as JSON. With the query "sent", the headers are sent before the first.
 */
require __DIR__ . '/php/src/Environment.php';
require __DIR__ . '/php/src/Superglobals.php';
require __DIR__ . '/php/src/Session.php';

/** Reports whether a process has the session open. */
function is_locked($id)
{
    $file = fopen(session_save_path() . '/sess_' . $id, 'c+');
    return !flock($file, LOCK_EX | LOCK_NB);
}

function sessions()
{
    return array_map('basename', glob(session_save_path() . '/sess_*'));
}

$warnings = [];
set_error_handler(function ($level, $message) use (&$warnings) {
    $warnings[] = $message;
});
Wsbridge\Superglobals::start();
Wsbridge\Session::start();
if ($_SERVER['QUERY_STRING'] === 'sent') {
    while (ob_get_level() > 0 && ob_end_clean());
    echo "\n";
}
$lines = '';
foreach (file('php://input', FILE_IGNORE_NEW_LINES) as $client => $line) {
    list($cookies, $code) = explode("\t", $line, 2);
    Wsbridge\Superglobals::learn($client + 1, ['HTTP_COOKIE' => $cookies]);
    Wsbridge\Superglobals::enter($client + 1, microtime(true));
    Wsbridge\Session::enter();
    $result = eval($code);
    Wsbridge\Session::leave();
    $lines .= json_encode($warnings === [] ? $result : [$result, $warnings]) . "\n";
    $warnings = [];
}
echo $lines;
