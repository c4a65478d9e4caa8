<?php

# what the handlers of the office have in common

require_once("shared_utils.php");

class OfficeVisit
{
	public $since;
	public $pages=array();

	public function __construct($since)
	{
		$this->since=$since;
	}
}

function office_users()
{
	$users=array();
	foreach (file(OFFICE_DATA_PATH."users.txt",FILE_IGNORE_NEW_LINES) as $line)
	{
		$parts=explode(":",$line);
		$users[$parts[0]]=array("secret"=>$parts[1],"role"=>$parts[2]);
	}
	return $users;
}

function office_cookie($cookies,$name)
{
	foreach (explode(";",$cookies) as $cookie)
	{
		$parts=explode("=",trim($cookie));
		if (($parts[0]==$name) and (count($parts)==2))
		{
			return urldecode($parts[1]);
		}
	}
	return "";
}

# the client that has a name, 0 if there is none
function office_find(&$connections,$name)
{
	foreach ($connections as $key => $connection)
	{
		if ((isset($connection["name"])==True) and ($connection["name"]==$name))
		{
			return $key;
		}
	}
	return 0;
}

# the client that holds the lock of a document, 0 if nobody does
function office_holder(&$connections,$doc)
{
	foreach ($connections as $key => $connection)
	{
		if (isset($connection["locks"][$doc])==True)
		{
			return $key;
		}
	}
	return 0;
}

function office_tell_others(&$connections,$client_key,$msg)
{
	foreach ($connections as $key => $connection)
	{
		if ($key<>$client_key)
		{
			send_text($key,$msg);
		}
	}
}

# names with the documents they have locked, in the order of arrival
function office_presence(&$connections)
{
	$present=array();
	foreach ($connections as $connection)
	{
		if (($connection["state"]=="OPEN") and (isset($connection["name"])==True))
		{
			$present[]=array("name"=>$connection["name"],"locks"=>array_keys($connection["locks"]));
		}
	}
	return "presence|".json_encode($present);
}

# every name gets what stands before it
function office_rename_all(&$connections,$before)
{
	foreach ($connections as $key => &$connection)
	{
		if (isset($connection["name"])==True)
		{
			$connection["name"]=$before.$connection["name"];
		}
	}
}

# one name is replaced by another one
function office_rename(&$rows,$old,$new)
{
	foreach ($rows as $k => &$c)
	{
		if ((isset($c["name"])==True) and ($c["name"]==$old))
		{
			$c["name"]=$new;
			return $k;
		}
	}
	return 0;
}

# a document whose holder leaves goes to whoever has waited for it longest
function office_hand_over(&$connections,&$connection)
{
	$leaver=array_search($connection,$connections);
	foreach ($connection["locks"] as $doc => $time)
	{
		unset($connection["locks"][$doc]);
		$next=0;
		foreach ($connections as $key => $c)
		{
			if ((isset($c["waiting"][$doc])==True) and ($key<>$leaver))
			{
				if (($next==0) or ($c["waiting"][$doc]<$connections[$next]["waiting"][$doc]))
				{
					$next=$key;
				}
			}
		}
		if ($next==0)
		{
			broadcast_to_all("unlocked|".$doc);
			continue;
		}
		unset($connections[$next]["waiting"][$doc]);
		$connections[$next]["locks"][$doc]=microtime(True);
		send_text($next,"yours|".$doc);
		office_tell_others($connections,$next,"locked|".$doc."|".$connections[$next]["name"]);
	}
}

# titles are read from their file once, when the first one is asked for
function office_title($doc)
{
	global $title_cache;
	if (count($title_cache)==0)
	{
		office_journal("titles are read");
		foreach (file(OFFICE_DATA_PATH."titles.txt",FILE_IGNORE_NEW_LINES) as $line)
		{
			$parts=explode("=",$line);
			$title_cache[$parts[0]]=$parts[1];
		}
	}
	return isset($title_cache[$doc])?$title_cache[$doc]:"";
}

# the last words of the chat
function office_remember($line)
{
	global $chat_history;
	global $message_count;
	$message_count++;
	$chat_history[]=$line;
	while (count($chat_history)>OFFICE_HISTORY)
	{
		array_shift($chat_history);
	}
}

# the journal is opened when it is needed, and stays open
function office_journal($line)
{
	global $journal;
	if (is_resource($journal)==False)
	{
		$journal=fopen(OFFICE_DATA_PATH."journal.txt","ab");
	}
	fwrite($journal,$line."\n");
	fflush($journal);
}
