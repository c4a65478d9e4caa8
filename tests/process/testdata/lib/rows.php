<?php
/* $connections itself: references into it, its order, and what walks over it. */

class Table { public static $rows=array(); }
function do_table() { return implode(",",array_keys(Table::$rows)); }

function do_tie(&$connections,&$connection,$client_key,$words)
{
    $a=(int)$words[0];
    $b=(int)$words[1];
    $connections[$a]["score"]=&$connections[$b]["score"];
    return "tied";
}
function do_score(&$connections,&$connection,$client_key,$words)
{
    if (isset($words[0])) { $connection["score"]=(int)$words[0]; }
    $scores=array();
    foreach ($connections as $row) { $scores[]=$row["name"]." ".$row["score"]; }
    sort($scores);
    return implode(", ",$scores);
}

function do_crown(&$connections,&$connection,$client_key,$words) { $GLOBALS["ruler"]=array(&$connections[(int)$words[0]]); return "crowned"; }
function do_entitle(&$connections,&$connection,$client_key,$words)
{
    global $ruler;
    $ruler[0]["title"]=$words[0];
    return $ruler[0]["name"];
}
function do_title(&$connections,&$connection,$client_key) { return isset($connection["title"]) ? $connection["title"] : "none"; }

function do_sort(&$connections,&$connection,$client_key)
{
    uasort($connections,function ($a,$b) { return strcmp($b["name"],$a["name"]); });
    return "sorted";
}
function do_order(&$connections,&$connection,$client_key)
{
    $names=array();
    foreach ($connections as $key => $row) { $names[]=$row["name"]; }
    return implode(",",$names);
}

function do_keep(&$connections,&$connection,$client_key,$words) { $GLOBALS["kept_".$words[0]]=$words[1]; return "kept"; }
function do_kept()
{
    $found=array();
    foreach ($GLOBALS as $name => $value) { if (strpos($name,"kept_")===0) { $found[]=substr($name,5)."=".$value; } }
    sort($found);
    return $found ? implode(",",$found) : "nothing";
}

function do_host(&$connections,&$connection,$client_key,$words) { $connection["guest"]=(int)$words[0]; return "hosting ".$connections[(int)$words[0]]["name"]; }
function do_frame(&$connections,&$connection,$client_key,$words)
{
    global $sockets;
    fwrite($sockets[(int)$words[0]],encode_text_data_frame("frame|".$words[1]));
    return "written";
}

/* A session per client, which its own name tells apart. */
session_save_path(__DIR__."/../sessions");
function do_session(&$connections,&$connection,$client_key,$words)
{
    session_id("session".$connection["name"]);
    session_start();
    $before=isset($_SESSION["basket"]) ? implode(",",$_SESSION["basket"]) : "empty";
    if (isset($words[0])) { $_SESSION["basket"][]=$words[0]; }
    session_write_close();
    return $before;
}
