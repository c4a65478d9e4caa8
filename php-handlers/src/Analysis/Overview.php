<?php
namespace Wsbridge\Analysis;

use Wsbridge\Application;
use Wsbridge\Parameters;

/** The result of the analysis: what each handler of the application can reach. */
final class Overview
{
    public $program;
    public $reach;
    public $globals;
    public $process;

    /** The units of the handlers, by name. */
    public $handlers = [];

    /** Why the code cannot be read, or null. If it cannot, every handler counts as one that reaches everything. */
    public $unreadable;

    /** Files that may be the reason, as keys. */
    private $suspects = [];

    /** Whether ws_server_initialize runs once, not before each event. */
    public $initializesOnce;

    /** The application's files that were included before the analysis, as keys. */
    private static $early = [];

    /** Analyses the application that is loaded. */
    public static function loaded()
    {
        self::$early = array_flip(self::included());
        if (!function_exists('token_get_all')) {
            return self::unreadable("PHP's tokenizer extension is missing, so its code cannot be read");
        }
        $overview = new self();
        try {
            $overview->read(Loader::load([Application::class, 'owns']));
            return $overview;
        } catch (\Exception $why) {
        } catch (\Throwable $why) {
        }
        return self::unreadable('its code was not understood: ' . $why->getMessage());
    }

    /** Returns the overview of an application whose code cannot be read, perhaps because of a file. */
    public static function unreadable($why, $file = '')
    {
        $overview = new self();
        $overview->suspects = $file !== '' && Application::owns($file) ? [$file => true] : [];
        $overview->unreadable = $why;
        return $overview;
    }

    /** Analyses a single file, which PHP need not be able to run. */
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
        $this->initializesOnce = Parameters::$options[Parameters::INITIALIZE] !== 'every';
    }

    private function read(Program $program)
    {
        $this->program = $program;
        $this->unreadable = $program->unreadable;
        foreach (array_intersect_key(Roles::HANDLERS, $program->functions) as $name => $roles) {
            $this->handlers[$name] = $program->functions[$name];
        }
        $this->reach = new Reach($program);
        $this->globals = new Globals($program, $this->reach, $this->handlers, $this->initializesOnce);
        $this->process = new OneProcess($program, $this->reach, $this->globals, $this->handlers, $this->initializesOnce);
    }

    /** Returns what a handler reaches, as the description tells it. */
    public function handler($name)
    {
        if ($this->unreadable !== null || !isset($this->handlers[$name])) {
            $cause = ['why' => $this->unreadable ?: 'its source is not known'];
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
        $found += array_filter(['process' => $this->process->cause($unit), 'single' => $this->single($unit)]);
        if ($this->reach->cause($unit, 'client') !== null || RequestUses::startsSessions()) {
            $found['client'] = true;
        }
        if ($this->reach->peers($unit)) {
            $found['peers'] = true;
        }
        list($reads, $writes) = $this->globals->touched($unit);
        return $found + array_filter(['reads' => $reads, 'writes' => $writes]);
    }

    /**
     * Tells why each event of a handler needs a request of its own, or returns null. Code that runs before each event sees the client of
     * the request's first event only.
     */
    private function single(Unit $unit)
    {
        return $this->early('single') ?: $this->early('client') ?: $this->reach->cause($unit, 'single');
    }

    /** Returns the files that only handlers include. Those that the analysis has included come first, in their order. */
    public function watch()
    {
        $late = array_diff_key(array_flip(self::included()), self::$early);
        $read = $this->program === null ? [] : array_diff_key($this->program->sources, self::$early);
        return array_keys($late + $read + array_diff_key($this->suspects, self::$early));
    }

    private static function included()
    {
        return array_values(array_filter(get_included_files(), [Application::class, 'owns']));
    }

    /** Returns the static variables and properties of what handlers can call, with their places. */
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

    /** Tells whether code that runs before each event reaches something. It may make a reference, by which any handler reaches it. */
    private function early($what)
    {
        $early = [$this->program->file];
        if (!$this->initializesOnce && isset($this->handlers['ws_server_initialize'])) {
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
