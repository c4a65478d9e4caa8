<?php
/*
 * The PHP half of wsbridge: php-fpm runs this file for every request of wsbridge's. protocol/doc.go describes the request and
 * the answer.
 *
 * This file runs at global scope, as the original server did, so that the top-level variables of the application's file are
 * globals. For the same reason it has no globals of its own, only the four that the original had.
 */

// A client's header can only ever become an HTTP_* parameter, so nobody but wsbridge gets past this line.
if (!isset($_SERVER['WSBRIDGE_CONTRACT'], $_SERVER['WSBRIDGE_TOKEN'])) {
    http_response_code(404);
    return;
}

if (!class_exists('Wsbridge\Application', false)) { // unless php-fpm preloaded them
    require __DIR__ . '/src/load.php';
}

$server = null;
$sockets = [];
$connections = [];
$settings = [];

Wsbridge\Application::$entry = __FILE__;
try {
    if (Wsbridge\Application::start()) {
        include Wsbridge\Application::$eventsFile;
        Wsbridge\Application::run();
    }
} catch (Exception $wsbridge_uncaught) {
    Wsbridge\Failure::exception($wsbridge_uncaught);
} catch (Throwable $wsbridge_uncaught) { // PHP 7 and later: Error
    Wsbridge\Failure::exception($wsbridge_uncaught);
}
