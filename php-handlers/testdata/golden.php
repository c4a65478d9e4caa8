<?php
# The application for protocol/testdata. Its handlers make every kind of effect.

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["login"]=substr($cookies,6);
	return $connection["login"]=="anna";
}

function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	return $data=="stop"?"quit":"";
}

function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	switch ($msg)
	{
		case "effects":
			send_text($client_key,"Grüße\nzwei");
			broadcast_to_all("");
			do_reply(15,encode_frame(2,"\xff\x00"));
			close_client(15,1008,"flood");
			show_message("seen",True);
			trigger_error("careful");
			echo "printed";
			return;
		case "rows":
			unset($connection["draft"]);
			$connection["login"]="a";
			$connections[15]["state"]="AWAY";
			unset($connections[16]);
			return;
		case "values":
			$connection["same"]=array($connection["float"],$connection["binary"],$connection["map"]);
			$connection["float"]=-0.0;
			$connection["\xff"]=1;
			return;
		case "wrote":
			Wsbridge\Answer::$wrote='$n of f()'; # as SideEffects does
			return;
		case "leave":
			exit;
		case "throw":
			throw new Exception("thrown");
	}
	$connection["last"]=$msg;
}

function ws_server_before_close(&$connections,&$connection)
{
	send_text(16,"before");
}

function ws_server_after_close(&$connections)
{
	send_text(16,count($connections));
}

$counter=0;
$title="made at file scope";

$log=(object)array("n" => 1);
$hub=array($log);

function ws_server_fifo(&$server,&$sockets,&$connections,&$data)
{
	global $hub;
	$hub[0]->n++;
}

function ws_server_loop(&$server,&$sockets,&$connections)
{
	global $counter,$cache,$gone,$title;
	$counter++;
	$cache=$title;
	unset($GLOBALS["gone"]);
}
