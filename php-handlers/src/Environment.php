<?php
namespace Wsbridge;

/**
 * Makes of CGI parameters (RFC 3875) what php-fpm makes of those of a request: $_SERVER, $_GET, $_COOKIE and $_REQUEST. See php-src,
 * main/php_variables.c and sapi/fpm/fpm/fpm_main.c. parse_str() shares the code that php-fpm turns names into keys with, so each
 * version of PHP treats names such as "a.b" or "a[b]" its own way.
 *
 * It does not know mbstring.encoding_translation.
 */
final class Environment
{
    const SPACE = " \t\n\v\f\r"; // isspace()

    /** The variables of the process's environment, which come first in $_SERVER. */
    private static $process = [];

    /** The letters of variables_order, which say whether $_GET and $_COOKIE are filled. A worker fills $_SERVER without asking it. */
    private static $order = '';

    /** What $_REQUEST is filled with, in this order: "G" and "C", as request_order says. */
    private static $requestOrder = [];

    private static $hasArguments = false;
    private static $fixesPathInfo = false;
    private static $maxInputs = 0;

    /** A character that separates the parameters for parse_str(). */
    private static $separator = '&';

    /** Whether filter.default changes the values of parameters. */
    private static $filters = false;

    /** Whether this PHP decodes the names of cookies (before the fix of CVE-2020-7070). */
    private static $decodesNames = false;

    /** Learns the settings and the environment of the process from the request that runs; $server is its $_SERVER. */
    public static function start(array $server)
    {
        self::$order = strtoupper(ini_get('variables_order'));
        $core = ini_get_all('core');
        $requestOrder = $core['request_order']['local_value']; // null if not set; if it is empty, so is $_REQUEST
        $letters = str_split($requestOrder === null ? self::$order : strtoupper($requestOrder));
        self::$requestOrder = array_intersect(array_unique($letters), ['G', 'C']); // and no P: events bring no form
        self::$hasArguments = self::isOn('register_argc_argv');
        self::$fixesPathInfo = self::isOn('cgi.fix_pathinfo');
        self::$maxInputs = (int) ini_get('max_input_vars');
        self::$separator = substr(ini_get('arg_separator.input'), 0, 1);
        self::$filters = !in_array(ini_get('filter.default'), [false, '', 'unsafe_raw'], true);
        self::$decodesNames = PHP_VERSION_ID < 70234 || PHP_VERSION_ID >= 70300 && PHP_VERSION_ID < 70323
            || PHP_VERSION_ID >= 70400 && PHP_VERSION_ID < 70411;
        self::$process = [];
        foreach ($server as $name => $value) {
            $own = getenv($name, true); // not the parameters of the request
            if ($own !== false) {
                self::$process[$name] = $own;
            }
        }
    }

    /** Returns $_SERVER for parameters in the order in which a request would bring them. The times in it are zero. */
    public static function server(array $parameters)
    {
        $filtered = self::$filters ? array_map([__CLASS__, 'filtered'], $parameters) : $parameters;
        $server = array_replace(self::$process, array_reverse($filtered, true)); // php-fpm's list of them has the last first
        $server['FCGI_ROLE'] = 'RESPONDER';
        $server['PHP_SELF'] = self::self($parameters);
        if (self::$filters) {
            $server['PHP_SELF'] = self::filtered($server['PHP_SELF']);
        }
        if (isset($parameters['HTTP_AUTHORIZATION'])) {
            $server = array_replace($server, self::credentials($parameters['HTTP_AUTHORIZATION']));
        }
        $server['REQUEST_TIME_FLOAT'] = 0.0;
        $server['REQUEST_TIME'] = 0;
        if (self::$hasArguments) {
            $query = isset($parameters['QUERY_STRING']) ? $parameters['QUERY_STRING'] : '';
            $server['argv'] = $query === '' ? [] : explode('+', $query);
            $server['argc'] = count($server['argv']);
        }
        if (isset(self::$process['HTTP_PROXY'])) {
            $server['HTTP_PROXY'] = self::$process['HTTP_PROXY'];
        } else {
            unset($server['HTTP_PROXY']); // a client's header: CVE-2016-5385
        }
        return $server;
    }

    /** Returns $_GET, $_COOKIE and $_REQUEST for a query string and a Cookie header. */
    public static function inputs($query, $header)
    {
        $get = $cookies = $request = [];
        if ($query !== '' && strpos(self::$order, 'G') !== false) {
            parse_str($query, $get);
        }
        if ($header !== '' && strpos(self::$order, 'C') !== false) {
            parse_str(self::cookiesAsQuery($header), $cookies);
        }
        foreach (self::$requestOrder as $letter) {
            $more = $letter === 'G' ? $get : $cookies;
            $request = $request === [] ? $more : array_replace_recursive($request, $more);
        }
        return [$get, $cookies, $request];
    }

    /**
     * Rewrites a Cookie header as a query string of which parse_str() makes the same. Cookies differ in that the first of a name wins,
     * names are not decoded and + is no space.
     */
    private static function cookiesAsQuery($header)
    {
        $pairs = $taken = [];
        $count = 0;
        foreach (explode(';', $header) as $cookie) {
            $parts = explode('=', $cookie, 2);
            $name = ltrim($parts[0], self::SPACE);
            if ($name === '') {
                continue;
            }
            if (++$count > self::$maxInputs) {
                break;
            }
            $name = self::$decodesNames ? urldecode($name) : $name;
            $pair = rawurlencode($name) . '=' . (isset($parts[1]) ? rawurlencode(rawurldecode($parts[1])) : '');
            if (self::take($name, $pair, $taken)) {
                $pairs[] = $pair;
            }
        }
        return implode(self::$separator, $pairs);
    }

    /** Reports whether a cookie counts, and notes the key that it takes. Elements of an array, such as "a[]", count always. */
    private static function take($name, $pair, array &$taken)
    {
        if (strpbrk($name, " .[\0") === false) {
            $key = $name;
        } else {
            parse_str($pair, $cookie);
            if ($cookie === []) { // refused; one that is nested too deeply takes its key from the others
                parse_str(rawurlencode(strstr($name . '[', '[', true)), $cookie);
                $taken = array_diff_key($taken, $cookie);
                return true;
            }
            $key = key($cookie);
            if (is_array($cookie[$key])) {
                return $taken[$key] = true;
            }
        }
        if (isset($taken[$key])) {
            return false;
        }
        return $taken[$key] = true;
    }

    /** Returns PHP_SELF. The script exists: PHP looks for it otherwise. */
    private static function self(array $parameters)
    {
        $script = isset($parameters['SCRIPT_NAME']) ? $parameters['SCRIPT_NAME'] : '';
        if (!isset($parameters['PATH_INFO'])) {
            return $script;
        }
        return self::$fixesPathInfo ? $script . $parameters['PATH_INFO'] : $parameters['PATH_INFO'];
    }

    /** Returns the PHP_AUTH_ variables. */
    private static function credentials($header)
    {
        if (strncasecmp($header, 'Digest ', 7) === 0) {
            return ['PHP_AUTH_DIGEST' => substr($header, 7)];
        }
        $text = strncasecmp($header, 'Basic ', 6) === 0 ? base64_decode(substr($header, 6)) : false;
        if ($text === false) {
            return [];
        }
        $parts = explode(':', $text, 2);
        if (!isset($parts[1]) || strpos($parts[0], "\0") !== false) {
            return [];
        }
        $credentials = ['PHP_AUTH_USER' => $parts[0]];
        $password = strstr($parts[1] . "\0", "\0", true);
        if ($password !== '' || PHP_VERSION_ID < 80000) {
            $credentials['PHP_AUTH_PW'] = $password;
        }
        return $credentials;
    }

    /** Reads a setting as PHP does: php-fpm's php_value keeps the word that the administrator wrote. */
    private static function isOn($setting)
    {
        $value = strtolower(ini_get($setting));
        return (int) $value !== 0 || in_array($value, ['on', 'yes', 'true'], true);
    }

    /** Applies filter.default to a value. */
    private static function filtered($value)
    {
        parse_str('v=' . rawurlencode($value), $filtered);
        return $filtered['v'];
    }
}
