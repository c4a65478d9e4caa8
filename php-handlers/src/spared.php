<?php
/*
 * Stands for functions of PHP's that a hardened php.ini disables (disable_functions) and that can be spared. PHP looks for a function in
 * the namespace of the caller first. Only where some are disabled is this file loaded.
 */
namespace Wsbridge;

/** Returns the first function without which no failure can be told that is disabled, or ''. */
function firstUntellable()
{
    foreach (['explode', 'json_encode', 'ob_end_clean', 'ob_get_level', 'preg_match', 'strlen'] as $name) {
        if (!function_exists($name)) {
            return $name;
        }
    }
    return '';
}

if (firstUntellable() !== '') {
    if (function_exists('http_response_code')) {
        \http_response_code(500);
    }
    exit('wsbridge: ' . firstUntellable() . '() is disabled (disable_functions in php.ini), and wsbridge cannot do without it. '
        . 'For wsbridge\'s own php-fpm, php.ini.disable_functions in wsbridge.toml replaces that list');
}
if (!function_exists('ini_get')) {
    function ini_get($name)
    {
        $defaults = ['variables_order' => 'EGPCS', 'max_input_vars' => '1000', 'arg_separator.input' => '&', 'cgi.fix_pathinfo' => '1',
            'opcache.enable' => '1', 'opcache.validate_timestamps' => '1', 'opcache.revalidate_freq' => '2', 'serialize_precision' => '-1'];
        $value = function_exists('get_cfg_var') ? \get_cfg_var($name) : false; // what php.ini says
        return is_string($value) ? $value : (isset($defaults[$name]) ? $defaults[$name] : '');
    }
}
if (!function_exists('ini_get_all')) {
    function ini_get_all($extension)
    {
        $order = ini_get('request_order');
        return ['request_order' => ['local_value' => $order === '' ? null : $order]];
    }
}
if (!function_exists('ini_set')) {
    function ini_set($name, $value)
    {
        return false;
    }
}
if (!function_exists('get_cfg_var')) {
    function get_cfg_var($name)
    {
        return false;
    }
}
if (!function_exists('error_reporting')) {
    function error_reporting($level = null)
    {
        $before = (int) ini_get('error_reporting');
        if ($level !== null) {
            ini_set('error_reporting', (string) $level);
        }
        return $before;
    }
}
if (!function_exists('set_time_limit')) {
    function set_time_limit($seconds)
    {
        return ini_set('max_execution_time', (string) $seconds) !== false;
    }
}
if (!function_exists('posix_getpwuid')) {
    function posix_getpwuid($id)
    {
        return false;
    }
}
if (!function_exists('posix_strerror')) {
    function posix_strerror($code)
    {
        return 'error ' . $code;
    }
}
if (!function_exists('posix_get_last_error')) {
    function posix_get_last_error()
    {
        return 0;
    }
}
if (!function_exists('getmypid')) {
    function getmypid()
    {
        return 0; // wsbridge asks the kernel
    }
}
if (!function_exists('readlink')) {
    function readlink($path)
    {
        return false;
    }
}
if (!function_exists('scandir')) {
    function scandir($folder)
    {
        return false;
    }
}
if (!function_exists('umask')) {
    function umask($mask)
    {
        return 0;
    }
}
if (!function_exists('chdir')) {
    function chdir($folder)
    {
        return false;
    }
}
if (!function_exists('date_default_timezone_set')) {
    function date_default_timezone_set($zone)
    {
        return false;
    }
}
if (!function_exists('ignore_user_abort')) {
    function ignore_user_abort($ignore)
    {
        return 0;
    }
}
if (!function_exists('memory_get_usage')) {
    function memory_get_usage($real)
    {
        return 0;
    }
}
if (!function_exists('stream_socket_client')) {
    function stream_socket_client($address, &$code, &$error, $timeout)
    {
        if (function_exists('fsockopen')) {
            return \fsockopen($address, -1, $code, $error, $timeout);
        }
        $error = 'stream_socket_client() and fsockopen() are disabled (disable_functions in php.ini)';
        return false;
    }
}
if (!function_exists('stream_set_chunk_size')) {
    function stream_set_chunk_size($stream, $size)
    {
        return 0;
    }
}
if (!function_exists('stream_set_timeout')) {
    function stream_set_timeout($stream, $seconds)
    {
        return false; // a wait then ends after default_socket_timeout, and another begins
    }
}
