<?php
/* The process settings that the original server made for its handlers. */

error_reporting(E_ALL);
ini_set('display_errors', '0'); // no PHP message may mix with the answer; the error handler logs them
ini_set('log_errors', '0'); // they are told in the answer, with their event
ini_set('html_errors', '0');
set_time_limit(0);
date_default_timezone_set('UTC');
umask(0);

if (ini_get('memory_limit') !== '-1' && WsbridgeApplication::bytes(ini_get('memory_limit')) < 512 << 20) {
    ini_set('memory_limit', '512M');
}

// The original ran under the command line. Nothing comes in, and what goes out reaches php-fpm's log, never a client.
if (!defined('STDIN')) {
    define('STDIN', fopen('php://memory', 'r'));
}
if (!defined('STDOUT')) {
    define('STDOUT', fopen('php://stdout', 'w'));
}
if (!defined('STDERR')) {
    define('STDERR', fopen('php://stderr', 'w'));
}
