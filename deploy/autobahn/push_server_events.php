<?php
/* Sends back every message, for conformance tests. */

function ws_server_authenticate(&$connection, $cookies, $user_agent, $remote_address)
{
    return true;
}

function ws_server_text(&$connections, &$connection, $client_key, $msg)
{
    send_text($client_key, $msg);
}

function ws_server_binary(&$connections, &$connection, $client_key, $data)
{
    do_reply($client_key, encode_frame(2, $data));
}
