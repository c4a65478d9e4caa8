<?php
// Does not read the request while there is a file "hang".

$hang = dirname(__FILE__) . '/spool/hang';
if (file_exists($hang)) {
	file_put_contents(dirname(__FILE__) . '/spool/pid', getmypid());
	while (true) {
		usleep(1000);
	}
}
require dirname(__FILE__) . '/entry.php';
