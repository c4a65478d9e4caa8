<?php
/*
 * Prints the superglobals of the request, serialized. Asked by POST, it prints, a line each and in base64, those that Superglobals makes
 * of the environments in the body: a line each, of names and values in base64 with a space between them.
 */
ini_set('display_errors', '1');
error_reporting(-1);
require __DIR__ . '/php/src/Environment.php';
require __DIR__ . '/php/src/Superglobals.php';

function dump()
{
    $now = $_SERVER['REQUEST_TIME_FLOAT'];
    if (is_float($now) && (int) $now === $_SERVER['REQUEST_TIME'] && $now <= microtime(true)) {
        $_SERVER['REQUEST_TIME_FLOAT'] = $_SERVER['REQUEST_TIME'] = 0; // else the difference shows
    }
    return serialize([$_SERVER, $_GET, $_COOKIE, $_REQUEST, $_POST, $_FILES]);
}

/** Does with the superglobals what a handler may do. */
function spoil()
{
    global $kept;
    $kept = [&$_SERVER, &$_GET, $_COOKIE];
    foreach ($_SERVER as &$value) {
        $value = 'spoilt';
    }
    $_GET['room'] = 'spoilt';
    $_COOKIE = 'spoilt';
    $_POST['spoilt'] = $_FILES['spoilt'] = 1;
    unset($_REQUEST);
}

function enter($client)
{
    $before = microtime(true);
    Wsbridge\Superglobals::enter($client, microtime(true));
    if ($_SERVER['REQUEST_TIME_FLOAT'] < $before) {
        echo 'client ', $client, ' got an old time', "\n";
    }
    return dump();
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    echo dump();
    return;
}
Wsbridge\Superglobals::start();
$own = dump();
foreach (file('php://input', FILE_IGNORE_NEW_LINES) as $i => $line) {
    $words = array_map('base64_decode', explode(' ', $line));
    $environment = [];
    for ($at = 0; $at < count($words); $at += 2) {
        $environment[$words[$at]] = $words[$at + 1];
    }
    Wsbridge\Superglobals::learn($i + 1, $environment);
}
putenv('FOO=changed');
$dumps = [];
for ($client = 1; $client <= $i + 1; $client++) {
    $dumps[$client] = enter($client);
    echo base64_encode($dumps[$client]), "\n";
    spoil();
    $other = mt_rand(0, $client);
    if (enter($other) !== ($other === 0 ? $own : $dumps[$other])) {
        echo 'client ', $other, ' got other superglobals after client ', $client, "\n";
    }
}
Wsbridge\Superglobals::forget(1);
try {
    Wsbridge\Superglobals::enter(1, microtime(true));
    echo "client 1 is not forgotten\n";
} catch (Exception $e) {
}
