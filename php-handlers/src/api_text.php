<?php
/* Helper functions of the original server that do not touch clients. */

if (WsbridgeApplication::needs('show_message')) {
    function show_message($msg, $star = false)
    {
        $line = ($star ? '*** ' : '') . $msg;
        WsbridgeAnswer::log('info', $line);
        if (defined('WEBSOCKET_LOG_PATH') && is_writable(WEBSOCKET_LOG_PATH)) {
            $file = rtrim(WEBSOCKET_LOG_PATH, '/') . '/ws_' . date('Ymd') . '.log';
            @file_put_contents($file, date('Y-m-d H:i:s') . ' ' . $line . "\n", FILE_APPEND | LOCK_EX);
        }
    }
}

if (WsbridgeApplication::needs('var_dump_to_str')) {
    function var_dump_to_str($v)
    {
        ob_start();
        var_dump($v);
        return ob_get_clean();
    }
}

if (WsbridgeApplication::needs('extract_headers')) {
    /* The lines of an HTTP head, or False if it is not complete. */
    function extract_headers($response)
    {
        $end = strpos($response, "\r\n\r\n");
        return $end === false ? false : explode("\r\n", substr($response, 0, $end));
    }
}

if (WsbridgeApplication::needs('get_header')) {
    /* The value of a header, whose name's case does not matter, or False. */
    function get_header($lines, $name)
    {
        foreach ($lines as $line) {
            $parts = explode(':', $line, 2);
            if (count($parts) === 2 && strcasecmp(trim($parts[0]), $name) === 0) {
                return trim($parts[1]);
            }
        }
        return false;
    }
}

if (WsbridgeApplication::needs('load_files')) {
    /* Name => trimmed content of a folder tree. $path ends with a slash; $ext, without its dot, leaves out other files. */
    function load_files($path, $root = '', $ext = '', $trim_ext = true)
    {
        $root = $root === '' ? $path : $root;
        $files = array();
        foreach (scandir($path) as $entry) {
            if ($entry === '.' || $entry === '..' || $entry === '.git') {
                continue;
            }
            $full = $path . $entry;
            if (is_dir($full)) {
                $files += load_files($full . '/', $root, $ext, $trim_ext);
                continue;
            }
            $extension = pathinfo($entry, PATHINFO_EXTENSION);
            if ($ext !== '' && $extension !== $ext) {
                continue;
            }
            $name = substr($full, strlen($root));
            if ($trim_ext && $extension !== '') {
                $name = substr($name, 0, -strlen($extension) - 1);
            }
            $files[$name] = trim(file_get_contents($full));
        }
        return $files;
    }
}

if (WsbridgeApplication::needs('template_fill')) {
    /*
     * Fills @@other@@ with another template, $$CONST$$ with a constant and %%param%% with a value of $params. $tracking
     * holds the templates being filled, so that a circle of them ends; $custom replaces the global $templates.
     */
    function template_fill($key, $params = false, $tracking = array(), $custom = false)
    {
        global $templates;
        $all = $custom === false ? $templates : $custom;
        if (!isset($all[$key])) {
            show_message("template \"$key\" not found");
            return '';
        }
        if (in_array($key, $tracking)) {
            show_message("circular reference to template \"$key\"");
            return '';
        }
        $tracking[] = $key;
        $result = $all[$key];
        foreach (array_keys($all) as $other) {
            if (strpos($result, "@@$other@@") !== false) {
                $result = str_replace("@@$other@@", template_fill($other, false, $tracking, $custom), $result);
            }
        }
        if (preg_match_all('/\$\$(\w+)\$\$/', $result, $matches)) {
            foreach (array_unique($matches[1]) as $name) {
                if (defined($name)) {
                    $result = str_replace('$$' . $name . '$$', constant($name), $result);
                }
            }
        }
        foreach ($params === false ? array() : $params as $name => $value) {
            if (!is_array($value)) {
                $result = str_replace("%%$name%%", (string) $value, $result);
            }
        }
        return $result;
    }
}

if (WsbridgeApplication::needs('mysql_to_iso_timestamp')) {
    function mysql_to_iso_timestamp($ts)
    {
        return unix_to_iso_timestamp(strtotime($ts));
    }
}

if (WsbridgeApplication::needs('unix_to_iso_timestamp')) {
    function unix_to_iso_timestamp($ts)
    {
        return date('Y-m-d\TH:i:s\Z', $ts);
    }
}

if (WsbridgeApplication::needs('send_email')) {
    /* An HTML mail, in UTF-8. */
    function send_email($to, $subject, $html, $from = false, $reply_to = false)
    {
        $headers = array('MIME-Version: 1.0', 'Content-type: text/html; charset=utf-8');
        if ($from !== false) {
            $headers[] = "From: $from";
        }
        if ($reply_to !== false) {
            $headers[] = "Reply-To: $reply_to";
        }
        return mail($to, $subject, $html, implode("\r\n", $headers));
    }
}
