<?php
/*
 * The PHP half of wsbridge: php-fpm runs this file for every request of wsbridge's. protocol/doc.go describes the request and
 * the answer.
 *
 * This file runs at global scope, as the original server did, so that the top-level variables of the application's file are
 * globals. For the same reason it has no globals of its own, only the five that the original had.
 */

if (!class_exists('Wsbridge\Application', false)) { // unless php-fpm preloaded them
    require __DIR__ . '/src/load.php';
}
if (!function_exists('ini_get') || ini_get('disable_functions') !== '') {
    require __DIR__ . '/src/spared.php';
    if (!function_exists('getenv')) {
        require __DIR__ . '/src/getenv.php';
    }
}

if (!Wsbridge\Parameters::read()) { // nobody but wsbridge gets past this line
    http_response_code(404);
    return;
}

$server = null;
$sockets = [];
$connections = [];
$settings = [];
$handles = [];

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
