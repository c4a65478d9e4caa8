<?php
/*
 * The web side of the pipe: a drop-in for the original's file of this name, for PHP 5.6 to 8.4.
 *
 * WEBSOCKET_XHR_PIPE_FILE is the pipe's path, as in the settings file.
 */

if (!function_exists('ws_pipe_data')) {
    /*
     * Writes $params["wsmanage"]["cmd"] if it is set, else $params as JSON, to the pipe, and sets $params["pipe_status"] to
     * OK, PIPE FILE NOT FOUND or ERROR OPENING PIPE FILE.
     */
    function ws_pipe_data(&$params)
    {
        if (!file_exists(WEBSOCKET_XHR_PIPE_FILE)) {
            $params['pipe_status'] = 'PIPE FILE NOT FOUND';
            return;
        }
        // A plain file was left by a writer that came when there was no server: nobody reads it. r+ never makes one.
        $isPipe = filetype(WEBSOCKET_XHR_PIPE_FILE) === 'fifo';
        $pipe = $isPipe ? @fopen(WEBSOCKET_XHR_PIPE_FILE, 'r+') : false;
        if ($pipe === false) {
            $params['pipe_status'] = 'ERROR OPENING PIPE FILE';
            return;
        }
        $data = isset($params['wsmanage']['cmd']) ? $params['wsmanage']['cmd'] : json_encode($params);
        flock($pipe, LOCK_EX); // the kernel keeps only 4096 bytes in one piece
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
