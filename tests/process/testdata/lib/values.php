<?php
/* Static variables and properties, closures, generators, iterators. */

function do_visit() { static $visits=0; return ++$visits; }

class Ticket
{
    protected static $last=100;
    public static function draw() { return ++static::$last; }
}
class VipTicket extends Ticket { protected static $last=900; }

function do_ticket() { return Ticket::draw()."|".VipTicket::draw(); }

function square($n)
{
    static $cache=array();
    if (isset($cache[$n])) { return "remembered ".$cache[$n]; }
    $cache[$n]=$n*$n;
    return "computed ".$cache[$n];
}
function do_square(&$connections,&$connection,$client_key,$words) { return square((int)$words[0]); }

class Registry
{
    private static $instance=Null;
    public $names=array();
    public static function get() { if (self::$instance===Null) { self::$instance=new self(); } return self::$instance; }
}
function do_register(&$connections,&$connection,$client_key,$words)
{
    Registry::get()->names[]=$words[0];
    return implode(",",Registry::get()->names);
}

class Meter
{
    public function read() { static $reads=0; return ++$reads; }
}
function do_meter() { $meter=new Meter(); return $meter->read(); }

function make_tally() { $n=0; return function () use (&$n) { return ++$n; }; }
$tally=make_tally();
function do_tally() { global $tally; return $tally(); }

/* A cache inside a closure that is made once. */
function do_upper(&$connections,&$connection,$client_key,$words)
{
    static $convert=Null;
    if ($convert===Null)
    {
        $convert=static function ($text) { static $known=array(); $known[$text]=strtoupper($text); return count($known)." known: ".implode(",",$known); };
    }
    return $convert($words[0]);
}

class Hooks
{
    public static $list=array();
    public static function add($name,$function) { self::$list[$name][]=$function; return count(self::$list[$name]); }
    public static function fire($name)
    {
        $said=array();
        foreach (isset(self::$list[$name]) ? self::$list[$name] : array() as $function) { $said[]=$function(); }
        return $said ? implode(",",$said) : "no hooks";
    }
}
function do_hook(&$connections,&$connection,$client_key,$words)
{
    $name=$connection["name"];
    return Hooks::add($words[0],function () use ($name) { static $calls=0; return $name."'s call ".(++$calls); });
}
function do_fire(&$connections,&$connection,$client_key,$words) { return Hooks::fire($words[0]); }

/* The next message of a client goes to what the last one left in its row. */
function do_ask(&$connections,&$connection,$client_key,$words)
{
    $question=$words[0];
    $connection["on_reply"]=function ($answer) use ($question) { return $question." ".$answer; };
    return "asked";
}
function do_reply_to(&$connections,&$connection,$client_key,$words)
{
    if (!isset($connection["on_reply"])) { return "nobody asked"; }
    $reply=$connection["on_reply"];
    return $reply($words[0]);
}

function letters() { foreach (array("alpha","beta","gamma","delta") as $letter) { yield $letter; } }
$letters=letters();
function do_letter()
{
    global $letters;
    $letter=$letters->current();
    $letters->next();
    return $letter;
}

function adder() { $sum=0; while (True) { $sum+=(yield $sum); } }
function do_add(&$connections,&$connection,$client_key,$words)
{
    static $adder=Null;
    if ($adder===Null) { $adder=adder(); $adder->current(); }
    return $adder->send((int)$words[0]);
}

$cards=new ArrayIterator(array("ace","king","queen","jack"));
function do_card()
{
    global $cards;
    $card=$cards->current();
    $cards->next();
    return $card;
}
