<?php
/* What runs once, later, or at the end. */

/* File scope runs once: its values are those of the start for as long as the server lives. */
$boot=bin2hex(openssl_random_pseudo_bytes(8));
$last=microtime(True);
$boots=__DIR__."/../boots.txt";
file_put_contents($boots,"boot\n",FILE_APPEND);

function do_boot(&$connections,&$connection,$client_key)
{
    global $boot;
    return $connection["boot"]===$boot ? "the same as when I came" : "another";
}
function do_boots()
{
    global $boots;
    static $before=Null;
    clearstatcache();
    $count=count(file($boots));
    $more=$before===Null ? "first look" : ($count-$before)." since the first look";
    if ($before===Null) { $before=$count; }
    return $more;
}

/* ws_server_initialize empties the list once. */
function do_guests() { return implode(",",file(__DIR__."/../guests.txt",FILE_IGNORE_NEW_LINES)); }
function do_initialized()
{
    global $initialized;
    static $known=Null;
    if ($known===Null) { $known=$initialized; return "noted"; }
    return $known===$initialized ? "once" : "again";
}

/* The usual timer: a time at file scope, and a look at it in each turn. */
function run_clock()
{
    global $last,$alarm;
    if (microtime(True)-$last>=1)
    {
        $last=microtime(True);
        if (isset($alarm)) { send_text($alarm,"alarm|rings"); $alarm=Null; }
    }
}
function do_alarm(&$connections,&$connection,$client_key)
{
    $GLOBALS["alarm"]=$client_key;
    $connection["until"]=microtime(True)+1.3;
}

/* Work for the next turn. */
$later=array();
function run_later()
{
    global $later;
    $jobs=$later;
    $later=array();
    foreach ($jobs as $job) { $job(); }
}
function do_later(&$connections,&$connection,$client_key,$words)
{
    global $later;
    $text=$words[0];
    $later[]=function () use ($client_key,$text) { send_text($client_key,"later|".$text); };
    $connection["until"]=microtime(True);
}

/* The end of the process, which is not the end of an event. */
function at_the_end($what) { file_put_contents(__DIR__."/../end.txt",$what."\n",FILE_APPEND); }
class Caretaker { public function __destruct() { at_the_end("caretaker"); } }
$caretaker=new Caretaker();
function do_at_exit()
{
    register_shutdown_function(function () { at_the_end("exit function"); });
    return "registered";
}
/* The first look forgets what has ended before, such as a process that only read the code. */
function do_end()
{
    static $looked=False;
    $before=$looked ? implode(",",file(__DIR__."/../end.txt",FILE_IGNORE_NEW_LINES)) : "first look";
    if (!$looked) { file_put_contents(__DIR__."/../end.txt",""); }
    $looked=True;
    return $before==="" ? "nothing has ended" : $before;
}

/* A buffer that an event leaves open. */
function do_open_buffer() { ob_start(); echo "printed by the first"; return "open"; }
function do_close_buffer() { echo ", then by the second"; return ob_get_clean(); }
