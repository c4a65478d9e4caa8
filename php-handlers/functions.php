<?php
/*
 * The functions that the original server offered to handlers. Helpers::define includes this file; $yielded holds, as keys, those
 * that the application defines itself.
 *
 * All share one file because including one costs php-fpm more than defining what is in it: with eight files a small event took
 * 8 % longer.
 */

// Sending to clients, and closing them.

if (!isset($yielded['send_text']) && !function_exists('send_text')) {
    function send_text($client_key, $msg)
    {
        if (!Wsbridge\Clients::isOpen($client_key)) {
            return false;
        }
        Wsbridge\Answer::send('[' . (int) $client_key . ']', (string) $msg);
        return true;
    }
}

if (!isset($yielded['broadcast_to_all']) && !function_exists('broadcast_to_all')) {
    function broadcast_to_all($msg)
    {
        $recipients = Wsbridge\Rows::recipients();
        if ($recipients !== '[]') {
            Wsbridge\Answer::send($recipients, (string) $msg);
        }
    }
}

if (!isset($yielded['do_reply']) && !function_exists('do_reply')) {
    /**
     * Sends the bytes of a frame, or any bytes to a client before its handshake. Returns false if the client is neither open nor
     * connecting, else nothing.
     */
    function do_reply($client_key, $frame)
    {
        if (!Wsbridge\Clients::isOpen($client_key) && !Wsbridge\Clients::isConnecting($client_key)) {
            return false;
        }
        Wsbridge\Answer::frames((int) $client_key, (string) $frame);
    }
}

if (!isset($yielded['close_client']) && !function_exists('close_client')) {
    function close_client($client_key, $status_code = false, $reason = '')
    {
        Wsbridge\Clients::close($client_key, $status_code === false ? 0 : (int) $status_code, (string) $reason);
    }
}

// WebSocket frames as bytes.

if (!isset($yielded['encode_frame']) && !function_exists('encode_frame')) {
    function encode_frame($opcode, $payload = '', $status = false)
    {
        return Wsbridge\Frame::encode($opcode, (string) $payload, $status);
    }
}

if (!isset($yielded['encode_text_data_frame']) && !function_exists('encode_text_data_frame')) {
    function encode_text_data_frame($payload)
    {
        return encode_frame(1, $payload);
    }
}

if (!isset($yielded['decode_frame']) && !function_exists('decode_frame')) {
    /** Removes the first frame from $data and returns it; false if $data has no whole frame. */
    function decode_frame(&$data)
    {
        $frame = Wsbridge\Frame::decode((string) $data);
        if ($frame === null) {
            return false;
        }
        $data = (string) substr($data, Wsbridge\Frame::size($data));
        return $frame;
    }
}

if (!isset($yielded['coalesce_frames']) && !function_exists('coalesce_frames')) {
    /** Joins the payloads of decoded frames to a message. */
    function coalesce_frames(&$buffer)
    {
        return implode('', array_column($buffer, 'payload'));
    }
}

// Messages for the log.

if (!isset($yielded['show_message']) && !function_exists('show_message')) {
    function show_message($msg, $star = false)
    {
        $message = ($star ? '*** ' : '') . $msg;
        Wsbridge\DailyLog::say($message);
    }
}

if (!isset($yielded['var_dump_to_str']) && !function_exists('var_dump_to_str')) {
    function var_dump_to_str($var)
    {
        ob_start();
        var_dump($var);
        return ob_get_clean();
    }
}

// The header lines of an HTTP message.

if (!isset($yielded['extract_headers']) && !function_exists('extract_headers')) {
    /** Returns the lines before the empty line; false if there is no empty line. */
    function extract_headers($response)
    {
        $end = strpos($response, "\r\n\r\n");
        return $end === false ? false : explode("\r\n", substr($response, 0, $end));
    }
}

if (!isset($yielded['get_header']) && !function_exists('get_header')) {
    /** Returns the value of the first header of a name, in any case of letters; false if there is none. */
    function get_header($lines, $header)
    {
        foreach (is_array($lines) ? $lines : [] as $line) {
            $parts = explode(':', $line, 2);
            if (count($parts) === 2 && strcasecmp(trim($parts[0]), $header) === 0) {
                return trim($parts[1]);
            }
        }
        return false;
    }
}

// Files of a folder.

if (!isset($yielded['load_files']) && !function_exists('load_files')) {
    /**
     * Returns the trimmed content of each file below $path, by its name relative to $root, which defaults to $path. $ext selects
     * files of one extension, given without its dot; $trim_ext removes the extension from the names.
     */
    function load_files($path, $root = '', $ext = '', $trim_ext = true)
    {
        $path = rtrim($path, '/') . '/';
        $root = $root === '' ? $path : rtrim($root, '/') . '/';
        $files = [];
        foreach (scandir($path) ?: [] as $entry) {
            if (in_array($entry, ['.', '..', '.git'], true)) {
                continue;
            }
            if (is_dir($path . $entry)) {
                $files += load_files($path . $entry, $root, $ext, $trim_ext);
                continue;
            }
            $extension = pathinfo($entry, PATHINFO_EXTENSION);
            if ($ext !== '' && $ext !== $extension) {
                continue;
            }
            $name = substr($path . $entry, strlen($root));
            if ($trim_ext && $extension !== '') {
                $name = substr($name, 0, -1 - strlen($extension));
            }
            $files[$name] = trim(file_get_contents($path . $entry));
        }
        return $files;
    }
}

// Templates: @@name@@ includes another template, $$NAME$$ is a constant, %%name%% a value of $params.

if (!isset($yielded['template_fill']) && !function_exists('template_fill')) {
    /**
     * Fills a template of $custom_templates, or else of the global $templates. $tracking has the names of the templates being filled,
     * to stop one that includes itself.
     */
    function template_fill($template_key, $params = false, $tracking = [], $custom_templates = false)
    {
        $templates = $custom_templates === false && isset($GLOBALS['templates']) ? $GLOBALS['templates'] : $custom_templates;
        if (!isset($templates[$template_key])) {
            show_message('template "' . $template_key . '" not found');
            return '';
        }
        if (in_array($template_key, $tracking, true)) {
            show_message('circular reference to template "' . $template_key . '"');
            return '';
        }
        $tracking[] = $template_key;
        $text = $templates[$template_key];
        foreach (array_keys($templates) as $name) {
            if (strpos($text, '@@' . $name . '@@') !== false) {
                $text = str_replace('@@' . $name . '@@', template_fill($name, false, $tracking, $templates), $text);
            }
        }
        if (strpos($text, '$$') !== false) {
            $constants = get_defined_constants(true);
            foreach (isset($constants['user']) ? $constants['user'] : [] as $name => $value) {
                if (is_scalar($value)) {
                    $text = str_replace('$$' . $name . '$$', $value, $text);
                }
            }
        }
        foreach (is_array($params) ? $params : [] as $name => $value) {
            if (!is_array($value)) {
                $text = str_replace('%%' . $name . '%%', (string) $value, $text);
            }
        }
        return $text;
    }
}

// Timestamps such as 2020-02-03T04:05:06Z.

if (!isset($yielded['unix_to_iso_timestamp']) && !function_exists('unix_to_iso_timestamp')) {
    function unix_to_iso_timestamp($ts)
    {
        return date('Y-m-d\TH:i:s\Z', (int) $ts);
    }
}

if (!isset($yielded['mysql_to_iso_timestamp']) && !function_exists('mysql_to_iso_timestamp')) {
    function mysql_to_iso_timestamp($ts)
    {
        return unix_to_iso_timestamp(strtotime($ts));
    }
}

// Mail.

if (!isset($yielded['send_email']) && !function_exists('send_email')) {
    /** Sends an HTML mail. Returns whether PHP's mail() accepted it. */
    function send_email($recipient, $subject, $message, $from = false, $reply_to = false)
    {
        $headers = ['MIME-Version: 1.0', 'Content-Type: text/html; charset=UTF-8'];
        if ($from !== false) {
            $headers[] = 'From: ' . $from;
        }
        if ($reply_to !== false) {
            $headers[] = 'Reply-To: ' . $reply_to;
        }
        // A line break in an address would start another header.
        $headers = str_replace(["\r", "\n"], '', $headers);
        if (preg_match('/[^\x20-\x7e]/', $subject)) {
            $subject = '=?UTF-8?B?' . base64_encode($subject) . '?=';
        }
        return mail($recipient, $subject, $message, implode("\r\n", $headers));
    }
}

// Child processes, which belong to the worker that runs all events.

if (!isset($yielded['start_process']) && !function_exists('start_process')) {
    /** Starts a program for a client. Its handlers find the client's row in the handle. Returns whether it has started. */
    function start_process($prog, $args, $timeout, &$connection, $client_key)
    {
        return Wsbridge\Process::canHaveChildren(__FUNCTION__)
            && Wsbridge\Children::start(__FUNCTION__, $prog, $args, $timeout, ['connection' => &$connection, 'client_key' => $client_key]);
    }
}

if (!isset($yielded['start_process_fifo']) && !function_exists('start_process_fifo')) {
    function start_process_fifo($prog, $args, $timeout)
    {
        return Wsbridge\Process::canHaveChildren(__FUNCTION__) && Wsbridge\Children::start(__FUNCTION__, $prog, $args, $timeout, []);
    }
}

if (!isset($yielded['kill_process']) && !function_exists('kill_process')) {
    /** Ends a process and all that it has started. */
    function kill_process($handle)
    {
        return Wsbridge\Process::canHaveChildren(__FUNCTION__) && Wsbridge\Children::kill($handle);
    }
}

if (!isset($yielded['kill_recurse']) && !function_exists('kill_recurse')) {
    /** Ends a process and those that come from it according to lines as "ps -ef" prints them: user, process id, parent's process id. */
    function kill_recurse($pid, $lines)
    {
        if (!Wsbridge\Process::canHaveChildren(__FUNCTION__)) {
            return;
        }
        foreach ($lines as $line) {
            $fields = preg_split('/\s+/', trim($line));
            if (isset($fields[2]) && ctype_digit($fields[1]) && $fields[2] === (string) $pid) {
                kill_recurse($fields[1], $lines);
            }
        }
        Wsbridge\ProcessTree::signal([(int) $pid], Wsbridge\ProcessTree::KILL);
    }
}
