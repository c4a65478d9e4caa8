<?php
namespace Wsbridge;

/** What opcache tells about itself, in this php-fpm. */
final class Opcache
{
    /**
     * Returns since when opcache keeps files without ever looking whether they have changed (opcache.validate_timestamps = 0), in seconds;
     * null: it looks, or is off. 0: since when is not known, as opcache_get_status() is disabled.
     */
    public static function frozenSince()
    {
        if (ini_get('opcache.validate_timestamps') || !self::isOn()) {
            return null;
        }
        $status = self::status();
        $times = isset($status['opcache_statistics']) ? $status['opcache_statistics'] : ['start_time' => 0, 'last_restart_time' => 0];
        return max($times['start_time'], $times['last_restart_time']);
    }

    public static function isOn()
    {
        return ini_get('opcache.enable') && extension_loaded('Zend OPcache');
    }

    /** Reports whether another request of this php-fpm has called opcache_reset(), which takes effect when this one has ended. */
    public static function restarts()
    {
        $status = self::status();
        return isset($status['restart_pending']) && ($status['restart_pending'] || $status['restart_in_progress']);
    }

    private static function status()
    {
        return function_exists('opcache_get_status') ? @opcache_get_status(false) : false;
    }
}
