<?php
// Runs before the entry script, and like some of its kind reads a little of what came with the request.

file_get_contents('php://input', false, null, 0, 10);
