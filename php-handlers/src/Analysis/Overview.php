<?php
namespace Wsbridge\Analysis;

use Wsbridge\Application;
use Wsbridge\Handlers;

/** All of the analysis: what each handler of the application that is loaded can reach. */
final class Overview
{
    public $program;
    public $reach;
    public $globals;

    /** The handlers' units by name. */
    public $handlers = [];

    /** Why every handler reaches everything: the code cannot be read; or null. */
    public $blind;

    private $blamed = [];

    /** Whether ws_server_initialize runs once, and not before each event. */
    public $once;

    /** The application's files that were included before the analysis, as keys. */
    private static $early = [];

    /** Of the application that is loaded. */
    public static function loaded()
    {
        self::$early = array_flip(self::included());
        if (!function_exists('token_get_all')) {
            return self::blind("PHP's tokenizer extension is missing, so its code cannot be read");
        }
        $overview = new self();
        try {
            $overview->read(Loader::load([Application::class, 'owns']));
            return $overview;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        return self::blind('its code was not understood: ' . $why->getMessage()); // better than to have no description
    }

    /** Of an application of whose code nothing is known, which a file may be to blame for. */
    public static function blind($why, $file = '')
    {
        $overview = new self();
        $overview->blamed = $file !== '' && Application::owns($file) ? [$file => true] : [];
        $overview->blind = $why;
        return $overview;
    }

    /** Of a file by itself, which need not be one that PHP could run. */
    public static function of($file)
    {
        $program = new Program();
        $program->add($file);
        $overview = new self();
        $overview->read($program);
        return $overview;
    }

    private function __construct()
    {
        $this->once = $_SERVER['WSBRIDGE_INITIALIZE'] !== 'every';
    }

    private function read(Program $program)
    {
        $this->program = $program;
        $this->blind = $program->unreadable;
        foreach (explode(',', Handlers::NAMES) as $event) {
            if (isset($program->functions['ws_server_' . $event])) {
                $this->handlers['ws_server_' . $event] = $program->functions['ws_server_' . $event];
            }
        }
        $this->reach = new Reach($program);
        $this->globals = new Globals($program, $this->reach, $this->handlers, $this->once);
    }

    /** What a handler reaches. */
    public function handler($name)
    {
        if ($this->blind !== null || !isset($this->handlers[$name])) {
            $cause = ['why' => $this->blind ?: 'its source is not known'];
            return ['table' => $cause, 'sockets' => $cause, 'peers' => true, 'any_global' => $cause];
        }
        $unit = $this->handlers[$name];
        $found = [];
        foreach (['table' => 'table', 'sockets' => 'sockets', 'any' => 'any_global'] as $what => $key) {
            $cause = $this->early($what) ?: $this->reach->cause($unit, $what);
            if ($cause !== null) {
                $found[$key] = $cause;
            }
        }
        if ($this->reach->peers($unit)) {
            $found['peers'] = true;
        }
        list($reads, $writes) = $this->globals->touched($unit);
        return $found + array_filter(['reads' => $reads, 'writes' => $writes]);
    }

    /** The application's files that are not included until a handler runs: those that are by now come first, in their order. */
    public function watch()
    {
        $late = array_diff_key(array_flip(self::included()), self::$early);
        $read = $this->program === null ? [] : array_diff_key($this->program->sources, self::$early);
        return array_keys($late + $read + array_diff_key($this->blamed, self::$early));
    }

    private static function included()
    {
        return array_values(array_filter(get_included_files(), [Application::class, 'owns']));
    }

    /** What is static in what handlers can call, with its place. */
    public function statics()
    {
        $statics = [];
        foreach ($this->reach === null ? [] : $this->handlers as $handler) {
            foreach ($this->reach->closure($handler) as $reached) {
                $statics += $reached[0]->statics;
            }
        }
        return array_map([__NAMESPACE__ . '\Statics', 'cause'], array_keys($statics), $statics);
    }

    /** What runs before each event may have made a reference to the table, by which any handler can reach it. */
    private function early($what)
    {
        $early = [$this->program->file];
        if (!$this->once && isset($this->handlers['ws_server_initialize'])) {
            $early[] = $this->handlers['ws_server_initialize'];
        }
        foreach ($what === 'any' ? [$this->program->file] : $early as $unit) {
            $cause = $this->reach->cause($unit, $what);
            if ($cause !== null) {
                $named = strncmp($cause['why'], $unit->label, strlen($unit->label)) === 0;
                $cause['why'] = ($named ? '' : $unit->label . ' ') . $cause['why'] . ', before each event';
                return $cause;
            }
        }
        return null;
    }
}
