<?php
/* Objects that several rows and globals share. */

class Room
{
    public $name;
    public $colour="white";
    public $other=Null;
    public function __construct($name) { $this->name=$name; }
}
$rooms=array();
$moods=new SplObjectStorage();

function do_room(&$connections,&$connection,$client_key,$words)
{
    global $rooms,$moods;
    $name=$words[0];
    if (!isset($rooms[$name])) { $rooms[$name]=new Room($name); $moods[$rooms[$name]]="calm"; }
    $connection["room"]=$rooms[$name];
    return $rooms[$name]->name." is ".$rooms[$name]->colour;
}
function do_paint(&$connections,&$connection,$client_key,$words) { $connection["room"]->colour=$words[0]; return "painted"; }
function do_colour(&$connections,&$connection,$client_key,$words)
{
    global $rooms;
    return "mine ".$connection["room"]->colour.", the list's ".$rooms[$connection["room"]->name]->colour;
}
function do_same(&$connections,&$connection,$client_key,$words)
{
    global $rooms;
    $mine=$connection["room"];
    $theirs=$connections[(int)$words[0]]["room"];
    return ($mine===$theirs ? "one room" : "two rooms").", ".($mine===$rooms[$mine->name] ? "the list's" : "not the list's");
}
function do_mood(&$connections,&$connection,$client_key,$words)
{
    global $moods;
    $room=$connection["room"];
    if (!isset($moods[$room])) { return "unknown"; }
    $before=$moods[$room];
    if (isset($words[0])) { $moods[$room]=$words[0]; }
    return $before;
}

/* Two names of one object, and of one variable. */
$first=new Room("hall");
$second=$first;
$amount=1;
$alias=&$amount;
function do_rename(&$connections,&$connection,$client_key,$words) { global $first,$alias; $first->name=$words[0]; $alias++; return "renamed"; }
function do_twins()
{
    global $first,$second,$amount;
    return $second->name.", ".($first===$second ? "one" : "two").", ".$amount;
}

/* Each knows the other. */
function do_pair(&$connections,&$connection,$client_key,$words)
{
    $a=new Room("left");
    $b=new Room("right");
    $a->other=$b;
    $b->other=$a;
    $connections[(int)$words[0]]["half"]=$a;
    $connections[(int)$words[1]]["half"]=$b;
    return "paired";
}
function do_half(&$connections,&$connection,$client_key,$words)
{
    $mine=$connection["half"];
    return $mine->name.($connections[(int)$words[0]]["half"]===$mine->other ? " of a pair" : " alone");
}
