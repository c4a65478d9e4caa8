<?php

# An office where people write documents together: who has locked which document, who is there, chat, private words, and
# an admin who renames and throws out. A client sends a command and its arguments with "|" between them.

require_once("office_utils.php");

$templates=array();
$message_count=0;
$title_cache=array();
$chat_history=array();
$thrown_out=array();
$journal=False;

if (defined("OFFICE_LOCK_SECONDS")==False)
{
	define("OFFICE_LOCK_SECONDS","3600");
}

if (function_exists("mb_office")==False)
{
	function mb_office($text)
	{
		return preg_replace("/\\s+/u"," ",$text);
	}
}

# only where the settings ask for it, since it is called for every byte that comes
if (defined("OFFICE_READ")==True)
{
	function ws_server_read(&$connections,&$connection,$client_key,$data)
	{
		if ($connection["state"]=="CONNECTING")
		{
			$headers=extract_headers($data);
			if ((substr($data,0,21)=="GET /office-shutdown ") and (get_header($headers,"x-office-key")==OFFICE_KEY))
			{
				return "quit";
			}
			return "";
		}
		$frame=decode_frame($data);
		if (isset($connection["frames"])==False)
		{
			$connection["frames"]=array();
		}
		$connection["frames"][]=$frame["opcode"].":".$frame["payload"];
		if ($frame["payload"]=="swallow")
		{
			send_text($client_key,"swallowed");
			return "swallowed";
		}
		return "";
	}
}

function ws_server_initialize()
{
	global $templates;
	$templates=load_files(OFFICE_TEMPLATE_PATH,"","txt");
	$templates+=load_files(OFFICE_TEMPLATE_PATH,"","html");
}

function ws_server_started(&$server,&$sockets,&$connections)
{
	office_journal("started with ".count($sockets)." socket and ".count($connections)." clients");
	show_message(OFFICE_NAME." is open",True);
}

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	global $thrown_out;
	$name=office_cookie($cookies,"office_user");
	$users=office_users();
	if ((isset($users[$name])==False) or (in_array($name,$thrown_out)==True))
	{
		return array();
	}
	if ($users[$name]["secret"]<>office_cookie($cookies,"office_secret"))
	{
		return 0;
	}
	$connection["role"]=$users[$name]["role"];
	$connection["user"]=$name;
	$connection["from"]=$remote_address." ".$user_agent;
	return $users[$name];
}

function ws_server_open(&$connections,&$connection,$client_key)
{
	# nobody sits at two desks
	foreach ($connections as $key => $c)
	{
		if (($key<>$client_key) and (isset($c["user"])==True) and ($c["user"]==$connection["user"]))
		{
			close_client($key,4001,"came in by another door");
		}
	}
	$connection["name"]=$connection["user"];
	$connection["locks"]=array();
	$connection["waiting"]=array();
	$connection["drafts"]=array();
	$connection["visit"]=new OfficeVisit(microtime(True));
	send_text($client_key,template_fill("welcome",array("name"=>$connection["name"])));
	broadcast_to_all(office_presence($connections));
}

function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $sockets;
	global $templates;
	global $message_count;
	global $title_cache;
	global $chat_history;
	$args=explode("|",$msg);
	$arg=isset($args[1])?$args[1]:"";
	$text=isset($args[2])?mb_office($args[2]):"";
	switch ($args[0])
	{
		case "echo":
			send_text($client_key,$msg);
			break;
		case "say":
			office_remember($connection["name"].": ".$arg);
			broadcast_to_all("chat|".$connection["name"]."|".$arg);
			break;
		case "history":
			send_text($client_key,"history|".json_encode($chat_history));
			break;
		case "stats":
			send_text($client_key,"stats|".$message_count."|".count($title_cache)."|".count($templates));
			break;
		case "title":
			send_text($client_key,"title|".$arg."|".office_title($arg));
			break;
		case "journal":
			office_journal($connection["name"].": ".$arg);
			send_text($client_key,"written|".filesize(OFFICE_DATA_PATH."journal.txt"));
			break;
		case "tell":
			$other=office_find($connections,$arg);
			if (send_text($other,"private|".$connection["name"]."|".$text)==False)
			{
				send_text($client_key,"error|nobody is called ".$arg);
				break;
			}
			send_text($client_key,"told|".$arg);
			break;
		case "lock":
			$holder=office_holder($connections,$arg);
			if ($holder<>0)
			{
				send_text($client_key,"taken|".$arg."|".$connections[$holder]["name"]);
				break;
			}
			$connection["locks"][$arg]=microtime(True);
			send_text($client_key,"mine|".$arg);
			office_tell_others($connections,$client_key,"locked|".$arg."|".$connection["name"]);
			break;
		case "unlock":
			unset($connection["locks"][$arg]);
			broadcast_to_all("unlocked|".$arg);
			break;
		case "wait":
			$connections[$client_key]["waiting"][$arg]=microtime(True);
			send_text($client_key,"waiting|".$arg);
			break;
		case "write":
			if (isset($connection["locks"][$arg])==False)
			{
				send_text($client_key,"error|".$arg." is not yours");
				break;
			}
			$connection["drafts"][$arg][(int)$text]=$args[3];
			$connection["visit"]->pages[]=$arg;
			send_text($client_key,"draft|".$arg."|".count($connection["drafts"][$arg]));
			break;
		case "read":
			$holder=office_holder($connections,$arg);
			if ($holder==0)
			{
				send_text($client_key,"error|nobody writes ".$arg);
				break;
			}
			foreach ($connections[$holder]["drafts"][$arg] as $number => $line)
			{
				send_text($client_key,"line|".var_export($number,True)."|".$line);
			}
			break;
		case "visit":
			send_text($client_key,"visit|".get_class($connection["visit"])."|".gettype($connection["visit"]->since)."|".implode(",",$connection["visit"]->pages));
			break;
		case "presence":
			send_text($client_key,office_presence($connections));
			break;
		case "page":
			send_text($client_key,template_fill("page",array("title"=>$arg)));
			break;
		case "time":
			send_text($client_key,unix_to_iso_timestamp(86399)."|".mysql_to_iso_timestamp("2019-05-04 03:02:01"));
			break;
		case "dump":
			send_text($client_key,var_dump_to_str($connection["drafts"]));
			break;
		case "frames":
			send_text($client_key,"frames|".implode("|",$connection["frames"]));
			break;
		case "leave":
			close_client($client_key,1000,"good bye");
			break;
		case "reply":
			if ($arg=="binary")
			{
				do_reply($client_key,encode_frame(2,"\xff\xfe".$text));
			}
			if ($arg=="ping")
			{
				do_reply($client_key,encode_frame(9,$text).encode_text_data_frame("pinged"));
			}
			if ($arg=="close")
			{
				do_reply($client_key,encode_frame(8,$text,4010));
			}
			break;
		case "socket":
			$other=office_find($connections,$arg);
			if ((isset($sockets[$other])==True) and (isset($connections[$other])==True))
			{
				fwrite($sockets[$other],encode_text_data_frame("by socket|".$text));
			}
			send_text($client_key,"sockets|".implode(",",array_keys($sockets)));
			break;
		case "rename":
		case "rename all":
		case "kick":
		case "throw out":
			if ($connection["role"]<>"admin")
			{
				send_text($client_key,"error|you are no admin");
				break;
			}
			office_admin($connections,$connection,$client_key,$args[0],$arg,$text);
			break;
		default:
			send_text($client_key,"error|what is ".$args[0]."?");
	}
}

function office_admin(&$connections,&$connection,$client_key,$command,$arg,$text)
{
	global $thrown_out;
	switch ($command)
	{
		case "rename":
			office_rename($connections,$arg,$text);
			broadcast_to_all(office_presence($connections));
			break;
		case "rename all":
			office_rename_all($connections,$arg);
			broadcast_to_all(office_presence($connections));
			break;
		case "throw out":
			$thrown_out[]=$arg;
		case "kick":
			$other=office_find($connections,$arg);
			close_client($other,4003,$text);
			send_text($client_key,"kicked|".$arg."|".count($connections)."|".(isset($connections[$other])?"there":"gone")."|".(send_text($other,"too late")?"sent":"not sent"));
			break;
	}
}

function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	$data=json_decode($fifo_data,True);
	if (is_array($data)==False)
	{
		$parts=explode(" ",$fifo_data);
		if (($parts[0]=="kick") and (count($parts)==2))
		{
			close_client(office_find($connections,$parts[1]),4004,"kicked by the web");
			broadcast_to_all("the web has kicked ".$parts[1]);
			return;
		}
		if ($parts[0]=="evening")
		{
			foreach ($connections as $key => $c)
			{
				if ((isset($c["role"])==True) and ($c["role"]<>"admin"))
				{
					close_client($key,4005,"good night");
				}
			}
			return;
		}
		show_message("the pipe brought nothing that is known: ".$fifo_data);
		return;
	}
	switch ($data["operation"])
	{
		case "publish":
			foreach ($connections as $key => &$c)
			{
				if (isset($c["locks"][$data["doc"]])==True)
				{
					unset($c["drafts"][$data["doc"]]);
				}
				send_text($key,"published|".$data["doc"]."|".$data["text"]);
			}
			break;
		case "notify":
			foreach ($data["to"] as $name)
			{
				send_text(office_find($connections,$name),"notice|".$data["text"]);
			}
			break;
	}
}

function ws_server_loop(&$server,&$sockets,&$connections)
{
	foreach ($connections as $key => $connection)
	{
		if (isset($connection["locks"])==False)
		{
			continue;
		}
		foreach ($connection["locks"] as $doc => $time)
		{
			if ((microtime(True)-$time)>(float)OFFICE_LOCK_SECONDS)
			{
				unset($connections[$key]["locks"][$doc]);
				send_text($key,"expired|".$doc);
				broadcast_to_all("unlocked|".$doc);
			}
		}
	}
}

function ws_server_before_close(&$connections,&$connection)
{
	if (isset($connection["name"])==False)
	{
		return; # a guest who was not let in
	}
	broadcast_to_all("leaving|".$connection["name"]."|".$connection["state"]);
	office_hand_over($connections,$connection);
}

function ws_server_after_close(&$connections)
{
	broadcast_to_all(office_presence($connections));
}

function ws_server_shutdown(&$server,&$sockets,&$connections)
{
	office_journal("shut down with ".count($connections)." clients");
}

function ws_server_finalize()
{
	office_journal("the last light is off");
}
