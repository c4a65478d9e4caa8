<?php
/* Loads the classes that every event needs. */

require __DIR__ . '/Parameters.php';
require __DIR__ . '/Answer.php';
require __DIR__ . '/DailyLog.php';
require __DIR__ . '/Output.php';
require __DIR__ . '/Stream.php';
require __DIR__ . '/Settings.php';
require __DIR__ . '/Process.php';
require __DIR__ . '/Request.php';
require __DIR__ . '/Value.php';
require __DIR__ . '/OpenRanges.php';
require __DIR__ . '/Presence.php';
require __DIR__ . '/RowChange.php';
require __DIR__ . '/Rows.php';
require __DIR__ . '/Globals.php';
require __DIR__ . '/Frame.php';
require __DIR__ . '/Clients.php';
require __DIR__ . '/Handlers.php';
require __DIR__ . '/Helpers.php';
require __DIR__ . '/Failure.php';
require __DIR__ . '/Opcache.php';
require __DIR__ . '/Application.php';
