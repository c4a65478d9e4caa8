<?php
/*
 * An application that keeps things where only one process can: each text is a command, and the commands are in the files of lib/. What a
 * client sends is "command|argument|argument"; the answer is "command|what the process remembers".
 */

require_once "lib/values.php";
require_once __DIR__."/lib/handles.php";
require_once "lib/code.php";
require_once "lib/settings.php";
require_once "lib/time.php";
require_once "lib/objects.php";
require_once "lib/rows.php";

function ws_server_initialize()
{
    file_put_contents(__DIR__."/guests.txt","");
    $GLOBALS["initialized"]=microtime(True);
}

function ws_server_started(&$server,&$sockets,&$connections)
{
    Table::$rows=&$connections;
}

function ws_server_connect(&$connections,&$connection,$client_key)
{
    static $accepted=0;
    $connection["number"]=++$accepted;
}

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
    $connection["name"]=substr($cookies,strlen("login="));
    return $connection["name"]!="mallory";
}

function ws_server_open(&$connections,&$connection,$client_key)
{
    global $boot;
    static $opened=0;
    $connection["boot"]=$boot;
    $connection["score"]=0;
    file_put_contents(__DIR__."/guests.txt",$connection["name"]."\n",FILE_APPEND);
    send_text($client_key,"welcome|".$connection["name"]."|client ".$client_key."|accepted ".$connection["number"]."|opened ".(++$opened));
    broadcast_to_all("enters|".$connection["name"]."|of ".count($connections));
}

function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
    $words=explode("|",$msg);
    $command="do_".array_shift($words);
    if ($command=="do_fence") { send_text($client_key,$msg); return; }
    $answer=$command($connections,$connection,$client_key,$words);
    if ($answer!==Null) { send_text($client_key,substr($command,3)."|".$answer); }
}

function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
    static $documents=0;
    $documents++;
    $params=json_decode($fifo_data,True);
    $said=isset($params["run"]) ? Hooks::fire($params["run"]) : $fifo_data;
    broadcast_to_all("pipe|document ".$documents."|".$said);
}

function ws_server_loop(&$server,&$sockets,&$connections)
{
    run_later();
    run_clock();
    foreach ($connections as $key => $row)
    {
        if (isset($row["until"]) && microtime(True)>=$row["until"])
        {
            unset($connections[$key]["until"]);
            send_text($key,"turns|over");
        }
    }
}

function ws_server_before_close(&$connections,&$connection)
{
    static $farewells=0;
    broadcast_to_all("leaves|".$connection["name"]."|".$connection["state"]."|farewell ".(++$farewells));
    if (isset($connection["guest"])) { close_client($connection["guest"],4001,"the host has left"); }
}

function ws_server_after_close(&$connections)
{
    broadcast_to_all("left|".count($connections)."|".implode(",",array_keys($connections)));
}

function ws_server_shutdown(&$server,&$sockets,&$connections) { at_the_end("shutdown ".count($connections)); }
function ws_server_finalize() { at_the_end("finalize"); }
