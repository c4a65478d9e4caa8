<?php
/* Mail. */

if (Wsbridge\Helpers::wanted('send_email')) {
    /** Sends an HTML mail, and says whether PHP's mail() took it. */
    function send_email($recipient, $subject, $message, $from = false, $reply_to = false)
    {
        $headers = ['MIME-Version: 1.0', 'Content-Type: text/html; charset=UTF-8'];
        if ($from !== false) {
            $headers[] = 'From: ' . $from;
        }
        if ($reply_to !== false) {
            $headers[] = 'Reply-To: ' . $reply_to;
        }
        // A line break in an address would begin a header of its own.
        $headers = str_replace(["\r", "\n"], '', $headers);
        if (preg_match('/[^\x20-\x7e]/', $subject)) {
            $subject = '=?UTF-8?B?' . base64_encode($subject) . '?=';
        }
        return mail($recipient, $subject, $message, implode("\r\n", $headers));
    }
}
