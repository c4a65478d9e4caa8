<?php
/* The header lines of an HTTP message. */

if (Wsbridge\Helpers::wanted('extract_headers')) {
    /** The lines before the empty one, without their ends; false if there is no empty line. */
    function extract_headers($response)
    {
        $end = strpos($response, "\r\n\r\n");
        return $end === false ? false : explode("\r\n", substr($response, 0, $end));
    }
}

if (Wsbridge\Helpers::wanted('get_header')) {
    /** The value of the first header of that name, in whatever case; false if there is none. */
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
