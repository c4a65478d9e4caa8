<?php
/*
 * The entry script: php-fpm runs it once for each request of wsbridge. It includes the application's
 * push_server_events.php at global scope, as the original server did, calls the handlers of the request's events and
 * writes what they ask for. The contract is described in protocol/doc.go of wsbridge's source.
 *
 * Everything here and in src/ runs on PHP 5.6 to 8.4, since the applications are that old. Its own variables stay out of
 * the global scope, which belongs to the application.
 */

// No web server passes these parameters on from a visitor: headers of a visitor arrive as HTTP_*.
if (!isset($_SERVER['WSBRIDGE_CONTRACT'], $_SERVER['WSBRIDGE_TOKEN'], $_SERVER['WSBRIDGE_EVENTS_FILE'])) {
    http_response_code(404);
    exit;
}

require __DIR__ . '/src/WsbridgeAnswer.php';
require __DIR__ . '/src/WsbridgeFailure.php';
require __DIR__ . '/src/WsbridgeValue.php';
require __DIR__ . '/src/WsbridgeRows.php';
require __DIR__ . '/src/WsbridgeApplication.php';
require __DIR__ . '/src/WsbridgeEvents.php';
require __DIR__ . '/src/process.php';

WsbridgeAnswer::begin($_SERVER['WSBRIDGE_TOKEN']);
WsbridgeFailure::watch();

$server = null;
$sockets = array();
$connections = array();

if (WsbridgeEvents::next()) {
    WsbridgeApplication::check();
    $settings = WsbridgeApplication::settings();

    // The application's own copies of the helper file come before ours, whose functions then stand back.
    while (WsbridgeApplication::nextHelperFile()) {
        include_once WsbridgeApplication::$helperFile;
    }
    require __DIR__ . '/src/api_clients.php';
    require __DIR__ . '/src/api_frames.php';
    require __DIR__ . '/src/api_text.php';

    require_once $_SERVER['WSBRIDGE_EVENTS_FILE'];
    WsbridgeApplication::included();

    do {
        WsbridgeEvents::run();
    } while (WsbridgeEvents::next());
}
