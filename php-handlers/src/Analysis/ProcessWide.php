<?php
namespace Wsbridge\Analysis;

/**
 * Lists what PHP has once for a whole process, and the functions that change it or depend on it. Code that uses them works as in the
 * original only in the one process that runs all events, or if no handler ever changes the state that it depends on.
 *
 * What is not listed, and why: ob_start(), set_time_limit() and the session itself are made anew for each event; strtok(),
 * json_last_error() and the like depend on a call just before; file positions and locks belong to a handle, which is looked at as a
 * value; uniqid() and random_int() depend on no call before.
 */
final class ProcessWide
{
    /**
     * Functions that change a state. A number after a name is how many arguments it needs to change anything: with fewer it only asks.
     * "*" stands for any end of a name.
     */
    const CHANGES = [
        'environment' => 'putenv,apache_setenv',
        'folder' => 'chdir,chroot',
        'locale' => 'setlocale,locale_set_default,textdomain,bindtextdomain,bind_textdomain_codeset',
        'timezone' => 'date_default_timezone_set',
        'encoding' => 'mb_internal_encoding 1,mb_http_output 1,mb_language 1,mb_regex_encoding 1,mb_regex_set_options 1,mb_detect_order 1,
            mb_substitute_character 1,mb_ereg_search*,iconv_set_encoding',
        'random' => 'mt_srand,srand,gmp_random_seed',
        'settings' => 'ini_set,ini_alter,ini_restore,error_reporting 1,set_include_path,restore_include_path,assert_options 2,bcscale 1,
            libxml_disable_entity_loader,set_magic_quotes_runtime,ldap_set_option,snmp_set_*,imap_timeout 2',
        'errors' => 'set_error_handler,restore_error_handler,set_exception_handler,restore_exception_handler,use_soap_error_handler,
            mysqli_report',
        'xml' => 'libxml_use_internal_errors 1,libxml_set_streams_context,libxml_set_external_entity_loader',
        'streams' => 'stream_wrapper_register,stream_register_wrapper,stream_wrapper_unregister,stream_wrapper_restore,
            stream_filter_register,stream_context_set_default,stream_context_get_default 1',
        'loading' => 'spl_autoload_register,spl_autoload_unregister,spl_autoload_extensions 1,dl',
        'names' => 'class_alias,create_function',
        'constants' => 'define',
        'session' => 'session_name 1,session_save_path 1,session_module_name 1,session_set_save_handler,session_set_cookie_params,
            session_cache_limiter 1,session_cache_expire 1,session_register_shutdown',
        'rights' => 'umask 1,posix_set*,posix_initgroups',
        'signals' => 'pcntl_*,register_tick_function,unregister_tick_function',
        'log' => 'openlog,closelog,define_syslog_variables',
        'end' => 'register_shutdown_function',
        'children' => 'start_process,start_process_fifo,kill_process,kill_recurse',
        'rest' => 'gc_enable,gc_disable,proc_nice,cli_set_process_title,setproctitle,setthreadtitle,opcache_reset,opcache_invalidate,
            opcache_compile_file,output_add_rewrite_var,output_reset_rewrite_vars,header_register_callback,readline*,pfsockopen,runkit*,
            uopz*,xdebug_*',
    ];

    /** Static methods that change a state. */
    const METHODS = ['locale::setdefault' => 'locale', 'phar::interceptfilefuncs' => 'streams', 'phar::mount' => 'streams'];

    /** Functions, and "new" of classes, that depend on a state; "*" for any code. States that are not here are only changed. */
    const READS = [
        'environment' => 'getenv,exec,shell_exec,system,passthru,popen,proc_open,curl_exec,curl_multi_exec,gettext,dgettext,ngettext,_',
        'folder' => '*', 'locale' => '*', 'timezone' => '*', 'settings' => '*', 'errors' => '*', 'streams' => '*', 'loading' => '*',
        'rights' => '*', 'signals' => '*',
        'encoding' => 'mb_*,iconv*',
        'random' => 'rand,mt_rand,shuffle,array_rand,str_shuffle,gmp_random*',
        'xml' => 'simplexml_*,libxml_*,xml_*,dom_*,new domdocument,new simplexmlelement,new xmlreader,new soapclient,new xsltprocessor',
        'names' => 'function_exists,class_exists,interface_exists,trait_exists,enum_exists,method_exists,is_callable,get_declared_classes,
            get_declared_interfaces,get_declared_traits,get_defined_functions,get_included_files,get_required_files',
        'constants' => 'get_defined_constants',
        'session' => 'session_*',
        'log' => 'syslog',
    ];

    /** Functions whose result belongs to one process. A number after a name: only with at most so many arguments. */
    const OWN = 'getmypid,posix_getpid,posix_getppid,posix_getsid,posix_getpgid,posix_getpgrp,posix_times,getrusage,memory_get_usage,
        memory_get_peak_usage,get_resources,mysql_query 1,mysql_unbuffered_query 1,mysql_db_query 2,mysql_select_db 1,mysql_insert_id 0,
        mysql_affected_rows 0,pg_query 1,pg_exec 1,pg_query_params 2,pg_prepare 2,pg_execute 2';

    const WORDS = ['folder' => 'working folder', 'timezone' => 'time zone', 'encoding' => 'character encodings', 'settings' => 'settings',
        'random' => 'sequence of random numbers', 'errors' => 'handling of errors', 'xml' => 'XML library', 'streams' => 'streams',
        'loading' => 'loading of classes', 'names' => 'functions and classes', 'session' => 'session settings', 'end' => 'end',
        'rights' => 'rights', 'signals' => 'signals', 'log' => 'system log', 'rest' => 'state'];

    /** What is known of functions: by list, and what CHANGES, READS and OWN say, by function. */
    private static $tables = [];
    private static $known = [];

    /** Returns the state that a call changes, or "". */
    public static function changed($function, $arguments)
    {
        $known = self::known($function);
        return $arguments >= $known['needs'] ? $known['changes'] : '';
    }

    /** Returns the state that a function depends on, or "". */
    public static function read($function)
    {
        return self::known($function)['reads'];
    }

    /** Reports whether what a call gives belongs to one process. */
    public static function isOwn($function, $arguments)
    {
        $most = self::known($function)['own'];
        return $most !== null && ($most < 0 || $arguments <= $most);
    }

    /** Reports whether any code may depend on a state. */
    public static function isSeenByAll($state)
    {
        return isset(self::READS[$state]) && self::READS[$state] === '*';
    }

    /** Says what a change of a state means. */
    public static function words($state)
    {
        switch ($state) {
            case 'constants':
                return 'which defines a constant in its process only';
            case 'children':
                return 'whose process belongs to the worker that started it';
            case 'end':
                return 'which acts when its process ends';
        }
        return 'which changes the ' . (isset(self::WORDS[$state]) ? self::WORDS[$state] : $state) . ' of its process';
    }

    private static function known($function)
    {
        if (!isset(self::$known[$function])) {
            $known = ['changes' => '', 'needs' => 0, 'reads' => '', 'own' => self::find(self::OWN, $function)];
            foreach (self::CHANGES as $state => $list) {
                $needs = self::find($list, $function);
                $known = $needs === null ? $known : ['changes' => $state, 'needs' => $needs] + $known;
            }
            foreach (self::READS as $state => $list) {
                $known['reads'] = $list === '*' || self::find($list, $function) === null ? $known['reads'] : $state;
            }
            self::$known[$function] = $known;
        }
        return self::$known[$function];
    }

    /** Returns the number after a function in a list, -1 if there is none, or null if the list does not have the function. */
    private static function find($list, $function)
    {
        if (!isset(self::$tables[$list])) {
            self::$tables[$list] = ['names' => [], 'starts' => []];
            foreach (preg_split('/,\s*/', $list) as $entry) {
                $number = preg_match('/^(.*\S) (\d+)$/', $entry, $match) ? (int) $match[2] : -1;
                $name = $match ? $match[1] : $entry;
                $isStart = substr($name, -1) === '*';
                self::$tables[$list][$isStart ? 'starts' : 'names'][rtrim($name, '*')] = $number;
            }
        }
        $table = self::$tables[$list];
        if (isset($table['names'][$function])) {
            return $table['names'][$function];
        }
        foreach ($table['starts'] as $start => $number) {
            if (strncmp($function, $start, strlen($start)) === 0) {
                return $number;
            }
        }
        return null;
    }
}
