<?php
/*
 * The web side of the pipe: replaces the original's file of this name, for PHP 5.6 to 8.5.
 *
 * WEBSOCKET_XHR_PIPE_FILE is the pipe's path, as in the settings file.
 */

if (!function_exists('ws_pipe_data')) {
    /*
     * Writes $params["wsmanage"]["cmd"] to the pipe, or $params as JSON if that is not set. Sets $params["pipe_status"] to OK,
     * PIPE FILE NOT FOUND or ERROR OPENING PIPE FILE.
     */
    function ws_pipe_data(&$params)
    {
        if (!file_exists(WEBSOCKET_XHR_PIPE_FILE)) {
            $params['pipe_status'] = 'PIPE FILE NOT FOUND';
            return;
        }
        // A writer that found no server may have left a plain file, which nobody reads. Mode r+ never creates one.
        $isPipe = filetype(WEBSOCKET_XHR_PIPE_FILE) === 'fifo';
        $pipe = $isPipe ? @fopen(WEBSOCKET_XHR_PIPE_FILE, 'r+') : false;
        if ($pipe === false) {
            $params['pipe_status'] = 'ERROR OPENING PIPE FILE';
            return;
        }
        // A JSON document has its own end; a line break is the end of a command, so that it is not taken together with the next one.
        $data = isset($params['wsmanage']['cmd']) ? $params['wsmanage']['cmd'] . "\n" : json_encode($params);
        flock($pipe, LOCK_EX); // the kernel writes only 4096 bytes at once in one piece
        for ($written = 0; $written < strlen($data); $written += $size) {
            $size = fwrite($pipe, substr($data, $written));
            if ($size === false || $size === 0) {
                $params['pipe_status'] = 'ERROR OPENING PIPE FILE';
                break;
            }
        }
        fclose($pipe);
        if ($written >= strlen($data)) {
            $params['pipe_status'] = 'OK';
        }
    }
}
