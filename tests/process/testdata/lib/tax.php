<?php
function tax($x) { return $x*19/100; }
return array("tax","included once");
