<?php
/* Constants, functions and classes that come into being in a handler. */

function do_define(&$connections,&$connection,$client_key,$words) { return define($words[0],$words[1]) ? "defined" : "it was there"; }
function do_constant(&$connections,&$connection,$client_key,$words) { return defined($words[0]) ? constant($words[0]) : "undefined"; }

function do_teach(&$connections,&$connection,$client_key,$words)
{
    eval("function ".$words[0]."(\$x) { static \$n=0; return (".$words[1].").' by call '.(++\$n); }");
    return "learnt";
}
function do_call(&$connections,&$connection,$client_key,$words)
{
    return function_exists($words[0]) ? $words[0]((int)$words[1]) : "unknown";
}

function do_load(&$connections,&$connection,$client_key,$words)
{
    $first=include_once __DIR__."/".$words[0].".php";
    return is_array($first) ? implode(",",$first) : "loaded already";
}

/* Written in a handler's body, as plugins are. */
function do_plugin(&$connections,&$connection,$client_key,$words)
{
    if (!class_exists("Badge",False))
    {
        class Badge { public $text; public function __construct($text) { $this->text=$text; } public function shown() { return "[".$this->text."]"; } }
        class_alias("Badge","Medal");
    }
    $connection["badge"]=new Medal($words[0]);
    return $connection["badge"]->shown();
}
function do_badge(&$connections,&$connection,$client_key,$words)
{
    $badge=$connections[(int)$words[0]]["badge"];
    return (class_exists("Medal",False) && $badge instanceof Medal) ? $badge->shown() : "it is no badge";
}

function do_autoload()
{
    spl_autoload_register(function ($class) { if ($class==="Parcel") { include __DIR__."/Parcel.php"; } });
    return count(spl_autoload_functions())>0 ? "registered" : "not registered";
}
function do_parcel() { return class_exists("Parcel") ? Parcel::send() : "there is no class"; }

class Shelf
{
    public $context;
    private static $files=array();
    private $name;
    public function stream_open($path,$mode,$options,&$opened) { $this->name=$path; if ($mode[0]=="w") { self::$files[$path]=""; } return isset(self::$files[$path]); }
    public function stream_write($data) { self::$files[$this->name].=$data; return strlen($data); }
    public function stream_read($count) { $data=self::$files[$this->name]; $this->name="end"; self::$files["end"]=""; return $data; }
    public function stream_eof() { return $this->name==="end"; }
    public function stream_stat() { return array(); }
}
function do_shelve(&$connections,&$connection,$client_key,$words)
{
    if (!in_array("shelf",stream_get_wrappers())) { stream_wrapper_register("shelf","Shelf"); }
    file_put_contents("shelf://".$words[0],$words[1]);
    return "shelved";
}
function do_fetch(&$connections,&$connection,$client_key,$words)
{
    return in_array("shelf",stream_get_wrappers()) ? file_get_contents("shelf://".$words[0]) : "there is no shelf";
}
