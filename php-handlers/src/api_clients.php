<?php
/* Functions that handlers call to reach clients. Each stands back if the application brings its own. */

if (WsbridgeApplication::needs('send_text')) {
    function send_text($client_key, $msg)
    {
        if (!WsbridgeRows::isOpen($client_key)) {
            return false;
        }
        $msg = (string) $msg;
        WsbridgeAnswer::effect('send', '{"to":[' . (int) $client_key . '],"length":' . strlen($msg) . '}', $msg);
        return true;
    }
}

if (WsbridgeApplication::needs('broadcast_to_all')) {
    function broadcast_to_all($msg)
    {
        $msg = (string) $msg;
        WsbridgeAnswer::effect('send', '{"to":' . WsbridgeRows::recipients() . ',"length":' . strlen($msg) . '}', $msg);
    }
}

if (WsbridgeApplication::needs('do_reply')) {
    /* Sends what the frames' bytes say; wsbridge reads them. */
    function do_reply($client_key, $frame)
    {
        if (!WsbridgeRows::isOpen($client_key)) {
            return false;
        }
        WsbridgeAnswer::effect('frames', '{"to":[' . (int) $client_key . '],"length":' . strlen($frame) . '}', $frame);
        return true;
    }
}

if (WsbridgeApplication::needs('close_client')) {
    function close_client($client_key, $status_code = false, $reason = '')
    {
        global $connections;
        if (!WsbridgeRows::has($client_key)) {
            WsbridgeAnswer::log('warning', "close_client: there is no client $client_key in \$connections");
            return;
        }
        if (function_exists('ws_server_before_close')) {
            ws_server_before_close($connections, $connections[$client_key]);
            if (!WsbridgeRows::has($client_key)) {
                return; // before_close has closed it itself
            }
        }
        $close = array('client' => (int) $client_key, 'handled' => true);
        if ($status_code !== false) {
            $close['code'] = (int) $status_code;
            $close['reason'] = WsbridgeValue::readable($reason);
        }
        WsbridgeAnswer::effect('close', json_encode($close));
        WsbridgeRows::forget($client_key);
        if (function_exists('ws_server_after_close')) {
            ws_server_after_close($connections);
        }
    }
}
