<?php
/* Sending to clients, and closing them. */

if (Wsbridge\Helpers::wanted('send_text')) {
    function send_text($client_key, $msg)
    {
        if (!Wsbridge\Clients::isOpen($client_key)) {
            return false;
        }
        Wsbridge\Answer::send('[' . (int) $client_key . ']', (string) $msg);
        return true;
    }
}

if (Wsbridge\Helpers::wanted('broadcast_to_all')) {
    function broadcast_to_all($msg)
    {
        $recipients = Wsbridge\Rows::recipients();
        if ($recipients !== '[]') {
            Wsbridge\Answer::send($recipients, (string) $msg);
        }
    }
}

if (Wsbridge\Helpers::wanted('do_reply')) {
    /** Nothing, or false if the client is not open. */
    function do_reply($client_key, $frame)
    {
        if (!Wsbridge\Clients::isOpen($client_key)) {
            return false;
        }
        Wsbridge\Answer::frames((int) $client_key, (string) $frame);
    }
}

if (Wsbridge\Helpers::wanted('close_client')) {
    function close_client($client_key, $status_code = false, $reason = '')
    {
        Wsbridge\Clients::close($client_key, $status_code === false ? 0 : (int) $status_code, (string) $reason);
    }
}
