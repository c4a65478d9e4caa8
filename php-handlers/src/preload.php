<?php
/*
 * php-fpm runs this once, when it starts, as opcache.preload (PHP 7.4 and later). Events then find the classes loaded and do not
 * ask the file system whether these files have changed, which saves a sixth of a small event's time.
 */

require __DIR__ . '/load.php';
require __DIR__ . '/SharedRequest.php';
if (function_exists('opcache_compile_file')) { // else disable_functions has it
    opcache_compile_file(dirname(__DIR__) . '/wsbridge.php');
    opcache_compile_file(Wsbridge\Helpers::file());
    opcache_compile_file(__DIR__ . '/spared.php'); // up to PHP 7 each event loads it: only later is ini_get() known here
}
