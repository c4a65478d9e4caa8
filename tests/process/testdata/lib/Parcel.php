<?php
class Parcel
{
    private static $sent=0;
    public static function send() { return "parcel ".(++self::$sent); }
}
