<?php
/* What a handler changes for the whole process, and another one finds. */

function do_seed(&$connections,&$connection,$client_key,$words) { mt_srand((int)$words[0]); return "seeded"; }
function do_random() { return mt_rand(1,1000000); }

function do_setenv(&$connections,&$connection,$client_key,$words) { putenv($words[0]."=".$words[1]); return "set"; }
function do_getenv(&$connections,&$connection,$client_key,$words) { $value=getenv($words[0]); return $value===False ? "unset" : $value; }

function do_chdir(&$connections,&$connection,$client_key,$words) { chdir($words[0]); return basename(getcwd()); }
function do_cwd(&$connections,&$connection,$client_key,$words) { return basename(getcwd())."|".(file_exists($words[0]) ? "there" : "not there"); }

function do_setlocale(&$connections,&$connection,$client_key,$words) { return setlocale(LC_TIME,$words[0]); }
function do_locale() { return setlocale(LC_TIME,"0"); }

function do_settimezone(&$connections,&$connection,$client_key,$words) { date_default_timezone_set($words[0]); return date("H:i",0); }
function do_midnight() { return date("H:i",0); }

function do_setumask(&$connections,&$connection,$client_key,$words) { umask(octdec($words[0])); return "set"; }
function do_umask() { return sprintf("%04o",umask()); }

function do_setprecision(&$connections,&$connection,$client_key,$words) { ini_set("precision",$words[0]); return "set"; }
function do_third() { return 1/3; }

function do_catch()
{
    set_error_handler(function ($code,$text) {
        if (!(error_reporting() & $code)) { return False; }
        $GLOBALS["caught"][]=$text;
        return True;
    });
    return "catching";
}
function do_stumble(&$connections,&$connection,$client_key,$words)
{
    global $caught;
    trigger_error($words[0],E_USER_NOTICE);
    return isset($caught) ? implode(",",$caught) : "nobody caught it";
}

function do_quiet() { error_reporting(E_ALL & ~E_USER_NOTICE); return "quiet"; }
function do_level() { return error_reporting()===E_ALL ? "all" : "less than all"; }

function do_default(&$connections,&$connection,$client_key,$words) { stream_context_set_default(array("http" => array("user_agent" => $words[0]))); return "set"; }
function do_agent()
{
    $options=stream_context_get_options(stream_context_get_default());
    return isset($options["http"]["user_agent"]) ? $options["http"]["user_agent"] : "none";
}
