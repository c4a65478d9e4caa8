<?php
/* Timestamps such as 2020-02-03T04:05:06Z. */

if (Wsbridge\Helpers::wanted('unix_to_iso_timestamp')) {
    function unix_to_iso_timestamp($ts)
    {
        return date('Y-m-d\TH:i:s\Z', (int) $ts);
    }
}

if (Wsbridge\Helpers::wanted('mysql_to_iso_timestamp')) {
    function mysql_to_iso_timestamp($ts)
    {
        return unix_to_iso_timestamp(strtotime($ts));
    }
}
