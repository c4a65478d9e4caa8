<?php
/* Open files and processes. A file that tmpfile() makes is gone with its handle, as a temporary table with its connection. */

function scratch()
{
    static $file=Null;
    if ($file===Null) { $file=tmpfile(); }
    return $file;
}
function do_jot(&$connections,&$connection,$client_key,$words)
{
    fseek(scratch(),0,SEEK_END);
    fwrite(scratch(),$words[0]."\n");
    return "kept";
}
function do_jots()
{
    rewind(scratch());
    return implode(",",array_filter(explode("\n",stream_get_contents(scratch()))));
}

$poem=fopen(__DIR__."/poem.txt","r");
function do_line() { global $poem; return trim(fgets($poem)); }

function do_hold()
{
    global $held;
    $file=fopen(__DIR__."/../hold.lock","c");
    if (!flock($file,LOCK_EX|LOCK_NB)) { return "held by another"; }
    $held=$file;
    return "mine";
}
function do_let_go()
{
    global $held;
    if (!is_resource($held)) { return "there is nothing to let go"; }
    fclose($held);
    $held=Null;
    return "free";
}

/* A process that answers a line with itself. */
function do_pipe_to(&$connections,&$connection,$client_key,$words)
{
    global $cat,$cat_pipes;
    if (!is_resource($cat)) { $cat=proc_open("cat",array(array("pipe","r"),array("pipe","w")),$cat_pipes); }
    fwrite($cat_pipes[0],$words[0]."\n");
    fflush($cat_pipes[0]);
    return "written";
}
function do_pipe_from()
{
    global $cat,$cat_pipes;
    return isset($cat) && is_resource($cat) ? trim(fgets($cat_pipes[1])) : "there is no process";
}
