<?php
/* What make bench measures with many clients: rows of the size that applications have, an event that sees its own row, and one that sees the table. */

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) {
	$number = intval(substr($cookies,strlen("login=user")));
	$connection["login"] = "user".$number;
	$connection["room"] = "room".($number % 50);
	$connection["profile"] = array("name" => "User number ".$number, "roles" => array("reader","writer"), "colors" => array(3 => "red", 7 => "blue"));
	$connection["since"] = microtime(True);
	return True;
}

/* Sees its own row only. */
function ws_server_text(&$connections,&$connection,$client_key,$msg) {
	$connection["said"] = (isset($connection["said"]) ? $connection["said"] : 0)+1;
	send_text($client_key,$msg);
}

/* Sees every row. */
function ws_server_binary(&$connections,&$connection,$client_key,$data) {
	$count = 0;
	foreach ($connections as $key => $other) {
		if (isset($other["room"]) && $other["room"]==$connection["room"]) {
			$count++;
		}
	}
	$connection["counted"] = (isset($connection["counted"]) ? $connection["counted"] : 0)+1;
	send_text($client_key,(string)$count);
}
