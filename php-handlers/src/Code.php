<?php
namespace Wsbridge;

/** Notices in a worker that stays that the application's files have changed: PHP cannot load functions a second time. */
final class Code
{
    /** The state of each file when it was first seen. */
    private static $states = [];

    /** What the configured path of the events file led to. Many deployments switch a symbolic link. */
    private static $target;

    /** Whether opcache may have given the old content of a file that had just changed. */
    private static $doubtful = false;

    /** When the latest change of a file was, and when that was first seen. */
    private static $newest = 0;
    private static $since = 0;

    /** Remembers the files that are loaded now. */
    public static function remember()
    {
        self::$target = realpath(Parameters::$options[Parameters::EVENTS]);
        list(, $settled) = self::changed();
        self::$doubtful = !$settled && (int) ini_get('opcache.revalidate_freq') > 0 && (!self::isAhead() || self::isStale());
    }

    private static function isAhead()
    {
        return self::$newest > time() + Application::SKEW;
    }

    /** Reports whether opcache has older content of a file than there is. It is slow: opcache lists all that it has. */
    private static function isStale()
    {
        $status = function_exists('opcache_get_status') ? @opcache_get_status(true) : false;
        foreach (self::files() as $file) {
            if (isset($status['scripts'][$file]['timestamp']) && $status['scripts'][$file]['timestamp'] !== @filemtime($file)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns whether files have changed, and whether opcache no longer runs their old content. Files that handlers have included
     * since the last call are remembered. What opcache never looks at again has not changed: another worker would run the same.
     */
    public static function changed()
    {
        clearstatcache(true);
        $newest = 0;
        $since = Opcache::frozenSince();
        $kept = false;
        $changed = self::$doubtful || realpath(Parameters::$options[Parameters::EVENTS]) !== self::$target;
        foreach (self::files() as $file) {
            $state = self::state($file);
            if (!isset(self::$states[$file])) {
                self::$states[$file] = $state;
            }
            $time = (int) @filectime($file);
            if ($since === null || $file === Parameters::$options[Parameters::SETTINGS]) {
                $changed = $changed || self::$states[$file] !== $state;
            } else {
                $kept = $kept || $time >= $since;
            }
            $newest = max($newest, $time);
        }
        return [$changed, !$kept && self::isSettled($newest)];
    }

    /** By the files' times, or, if these are ahead of PHP's clock, by how long they have been as they are. */
    private static function isSettled($newest)
    {
        $now = time();
        $wait = (int) ini_get('opcache.revalidate_freq');
        if ($newest !== self::$newest || $now < self::$since) {
            self::$newest = $newest;
            self::$since = $now;
        }
        return $now > $newest + $wait || self::isAhead() && $now > self::$since + $wait;
    }

    /** The times have no fractions of a second; a file that was replaced within one is another inode. */
    private static function state($file)
    {
        $stat = @stat($file);
        return $stat ? $stat['mtime'] . ':' . $stat['ctime'] . ':' . $stat['size'] . ':' . $stat['ino'] : '';
    }

    private static function files()
    {
        $files = array_filter(array_unique(array_merge(get_included_files(), Application::watched(), array_keys(self::$states))),
            [__NAMESPACE__ . '\Application', 'owns']);
        if (Parameters::$options[Parameters::SETTINGS] !== '') {
            $files[] = Parameters::$options[Parameters::SETTINGS];
        }
        return $files;
    }
}
