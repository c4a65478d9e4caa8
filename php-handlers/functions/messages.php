<?php
/* Messages for the log. */

if (Wsbridge\Helpers::wanted('show_message')) {
    function show_message($msg, $star = false)
    {
        $message = ($star ? '*** ' : '') . $msg;
        Wsbridge\Answer::log('info', $message);
        if (defined('WEBSOCKET_LOG_PATH') && WEBSOCKET_LOG_PATH !== '') {
            $file = rtrim(WEBSOCKET_LOG_PATH, '/') . '/ws_' . date('Ymd') . '.log';
            // A folder that cannot be written is reported once, when the application is described.
            @file_put_contents($file, '[' . date('Y-m-d H:i:s') . ']  ' . $message . PHP_EOL, FILE_APPEND);
        }
    }
}

if (Wsbridge\Helpers::wanted('var_dump_to_str')) {
    function var_dump_to_str($var)
    {
        ob_start();
        var_dump($var);
        return ob_get_clean();
    }
}
