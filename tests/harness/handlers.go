package harness

// Handlers that several packages serve.
const (
	// Echo sends back what it gets.
	Echo = `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { do_reply($client_key,encode_frame(2,$data)); }
`
	// Eval answers a text by running it as PHP in the handler's scope: the tests say in PHP what they look at.
	Eval = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$answer=eval($msg);
	if ($answer!==Null) { send_text($client_key,is_string($answer)?$answer:json_encode($answer)); }
}
`
	// Diary notes each call with its arguments in the file "diary".
	Diary = `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND|LOCK_EX); }
function keys($connections) { return implode(",",array_keys($connections)); }
function ws_server_initialize() { note("initialize pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")); }
function ws_server_started(&$server,&$sockets,&$connections) { note("started pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")." ".count($connections)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { note("fifo ".$fifo_data." ".keys($connections)); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	note("authenticate ".$connection["state"]." ".$cookies." ".$user_agent." ".$remote_address);
	$connection["login"]=substr($cookies,6);
	return $connection["login"]<>"evil";
}
function ws_server_open(&$connections,&$connection,$client_key) { note("open ".$client_key." ".$connection["state"]." ".$connection["login"]); send_text($client_key,"welcome"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { note("text ".$client_key." ".$msg); send_text($client_key,"got ".$msg); }
function ws_server_before_close(&$connections,&$connection) { note("before_close ".$connection["login"]." ".$connection["state"]." ".keys($connections)); }
function ws_server_after_close(&$connections) { note("after_close ".keys($connections)); }
function ws_server_shutdown(&$server,&$sockets,&$connections) { note("shutdown ".keys($connections)); }
function ws_server_finalize() { note("finalize pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")); }
`
	// InitializeOnce is the configuration of Diary, whose initialize each request would otherwise note.
	InitializeOnce = "[php]\ninitialize = \"once\"\n"
)
