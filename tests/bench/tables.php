<?php
/* What make bench ARGS=-tables asks: how long one way of handing over rows takes, in a request of its own. */

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }

function ws_server_text(&$connections,&$connection,$client_key,$msg) {
	$ask = json_decode($msg,True);
	$file = __DIR__."/rows/".$ask["rows"];
	switch ($ask["way"]) {
		case "write": $answer = write_rows($file,$ask["rows"],$ask["version"]); break;
		case "json_decode": $answer = measure_json($file); break;
		case "unserialize": $answer = measure_unserialize($file); break;
		case "compile": $answer = measure_compile($file."-".$ask["version"].".php"); break;
		case "include": $answer = measure_include($file."-".$ask["version"].".php"); break;
		case "change": $answer = measure_change($file."-".$ask["version"].".php"); break;
		case "delta": $answer = measure_delta($file,$ask["version"]); break;
		case "apcu": $answer = measure_apcu(); break;
		default: $answer = new stdClass;
	}
	send_text($client_key,json_encode($answer));
}

/* A version differs from the others in one row, as after an event. */
function write_rows($file,$count,$version) {
	$rows = array();
	for ($key = 1; $key<=$count; $key++) {
		$rows[$key] = array("peer_name" => "127.0.0.1:".(10000+$key), "state" => "OPEN", "buffer" => array(), "ping_time" => False, "pong_time" => False,
			"login" => "user".$key, "room" => "room".($key % 50),
			"profile" => array("name" => "User number ".$key, "roles" => array("reader","writer"), "colors" => array(3 => "red", 7 => "blue")),
			"since" => 1700000000+$key/7);
	}
	$rows[1]["said"] = $version;
	file_put_contents($file.".json",json_encode($rows,JSON_PRESERVE_ZERO_FRACTION));
	file_put_contents($file.".serialize",serialize($rows));
	file_put_contents($file.".delta",serialize(array_slice($rows,0,(int)ceil($count/10),True)));
	file_put_contents($file."-".$version.".php","<?php return ".var_export($rows,True).";\n");
	if (has_apcu()) {
		store_apcu($rows);
	}
	return new stdClass;
}

function measure_json($file) {
	$text = file_get_contents($file.".json");
	$began = hrtime(True);
	$rows = json_decode($text,True);
	return array("ns" => hrtime(True)-$began, "rows" => count($rows), "bytes" => strlen($text));
}

function measure_unserialize($file) {
	$text = file_get_contents($file.".serialize");
	$began = hrtime(True);
	$rows = unserialize($text,array("allowed_classes" => False));
	return array("ns" => hrtime(True)-$began, "rows" => count($rows), "bytes" => strlen($text));
}

function measure_compile($file) {
	$before = shared_memory();
	$answer = measure_include($file);
	$answer["shared"] = shared_memory()-$before;
	return $answer;
}

function measure_include($file) {
	$began = hrtime(True);
	$rows = include $file;
	return array("ns" => hrtime(True)-$began, "rows" => count($rows), "bytes" => filesize($file), "held" => opcache_is_script_cached($file));
}

/* What the first change of a row costs on top: the array of rows is copied, as opcache's own cannot be written to. */
function measure_change($file) {
	$rows = include $file;
	$began = hrtime(True);
	$rows[1]["said"] = 0;
	return array("ns" => hrtime(True)-$began, "rows" => count($rows));
}

/* An older version that opcache holds, and every tenth row as it is now. */
function measure_delta($file,$version) {
	$text = file_get_contents($file.".delta");
	$began = hrtime(True);
	$rows = array_replace(include $file."-".$version.".php",unserialize($text,array("allowed_classes" => False)));
	return array("ns" => hrtime(True)-$began, "rows" => count($rows), "bytes" => strlen($text));
}

function shared_memory() {
	$status = opcache_get_status(False);
	return $status["memory_usage"]["used_memory"]+$status["memory_usage"]["wasted_memory"]+$status["interned_strings_usage"]["used_memory"];
}

function has_apcu() {
	return function_exists("apcu_enabled") && apcu_enabled();
}

function store_apcu($rows) {
	apcu_delete("rows");
	$before = apcu_sma_info(True);
	apcu_store("rows",$rows);
	$after = apcu_sma_info(True);
	apcu_store("shared",$before["avail_mem"]-$after["avail_mem"]);
}

function measure_apcu() {
	if (!has_apcu()) {
		return new stdClass;
	}
	$began = hrtime(True);
	$rows = apcu_fetch("rows");
	return array("ns" => hrtime(True)-$began, "rows" => count($rows), "shared" => apcu_fetch("shared"));
}
