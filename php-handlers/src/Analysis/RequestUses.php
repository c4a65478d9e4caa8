<?php
namespace Wsbridge\Analysis;

/**
 * Tells what code has to do with the request in which its event runs. Several events may share a request. Code that depends on a "single"
 * request, or leaves something in it, must not; code that looks at its "client" has to be given the client's parameters.
 */
final class RequestUses
{
    /**
     * Functions that read the request past the superglobals, or act on it as a whole, or leave something for the rest of
     * it.
     */
    const SINGLE = 'filter_input,filter_input_array,filter_has_var,getallheaders,apache_request_headers,apache_response_headers,phpinfo,
        header,header_remove,headers_sent,headers_list,http_response_code,setcookie,setrawcookie,header_register_callback,
        fastcgi_finish_request,litespeed_finish_request,connection_aborted,connection_status,ignore_user_abort,ob_implicit_flush,
        ob_get_level,ob_get_status,ob_list_handlers,error_get_last,memory_get_peak_usage,get_included_files,get_required_files,
        spl_object_id,get_resource_id,request_parse_body';

    /** Functions that read the client's parameters. */
    const CLIENT = '/^session_(?!name$|save_path$|module_name$|set_save_handler$|cache_|(get|set)_cookie_params$)|^get_browser$/';

    /** Parameters that are the same for all clients. */
    const SHARED = 'DOCUMENT_ROOT,DOCUMENT_URI,SCRIPT_FILENAME,SCRIPT_NAME,PHP_SELF,GATEWAY_INTERFACE,SERVER_SOFTWARE,REQUEST_METHOD,
        REDIRECT_STATUS,USER,HOME,PATH,PWD';

    /** Matches the names of parameters. Other variables of getenv() are those of the process. */
    const PARAMETER = '/^(HTTPS?(_|$)|REMOTE_|QUERY_|REQUEST_|SERVER_|SSL_|CONTENT_|PATH_|AUTH_|REDIRECT_|WSBRIDGE_|PHP_|ORIG_|FCGI_)/i';

    /** Returns "single", "client" or "" for a call of a function of PHP's. $argument is its only argument, if that is a literal. */
    public static function ofCall($name, $argument)
    {
        if ($name === 'getenv') {
            return $argument === null || preg_match(self::PARAMETER, $argument) ? 'single' : '';
        }
        if ($name === 'session_id' && $argument === null) {
            return 'single'; // in a shared request there is an id before session_start()
        }
        if (preg_match(self::CLIENT, $name)) {
            return 'client';
        }
        return in_array($name, preg_split('/,\s*/', self::SINGLE), true) ? 'single' : '';
    }

    /** Returns the same for a variable; $element is the element of it that is used, if that is a literal. */
    public static function ofSuperglobal($name, $element)
    {
        if ($name === '_ENV') {
            return 'single';
        }
        $isShared = $name === '_SERVER' && in_array($element, preg_split('/,\s*/', self::SHARED), true);
        return in_array($name, ['_SERVER', '_GET', '_COOKIE', '_REQUEST', '_SESSION'], true) && !$isShared ? 'client' : '';
    }

    /** Reports whether PHP starts a session with each request. */
    public static function startsSessions()
    {
        return \Wsbridge\Description::isOn('session.auto_start');
    }
}
