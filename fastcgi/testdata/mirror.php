<?php
// Answers with what it got, for comparing two FastCGI clients byte by byte. The query says how.
$server = $_SERVER;
unset($server['REQUEST_TIME'], $server['REQUEST_TIME_FLOAT']);
ksort($server);
if (isset($_GET['status'])) {
	http_response_code((int)$_GET['status']);
}
for ($i = 0; $i < (int)($_GET['stderr'] ?? 0); $i++) {
	error_log("line $i");
}
echo json_encode($server), "\n", json_encode($_COOKIE), "\n";
echo file_get_contents('php://input');
echo str_repeat('0123456789abcdef', ((int)($_GET['size'] ?? 0)) / 16);
if (isset($_GET['exit'])) {
	exit((int)$_GET['exit']);
}
