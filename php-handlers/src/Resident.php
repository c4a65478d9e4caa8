<?php
namespace Wsbridge;

/**
 * A worker that stays: one request of php-fpm that runs the events of all clients, one after the other, as the original's process
 * did. It reads events from a socket of wsbridge's and writes effects to it, until it is told to leave or the socket ends. The
 * request's own output is empty, and its end tells wsbridge that the worker has ended.
 */
final class Resident
{
    /** How many seconds connecting may take. */
    const CONNECT = 10;

    /** How many seconds one wait for an event may take; then another begins. poll(2) takes milliseconds in 31 bits. */
    const PATIENCE = 1000000;

    /** The word that each line of the answer starts with. The socket carries nothing else, so it need not be a secret. */
    const MARK = '+';

    /** How many bytes are read at once. */
    const CHUNK = 65536;

    /** The blocks that may come before an event's payload, in their order. */
    private static $blocks = ['environment', 'rows', 'changes', 'values'];

    /** The members of an event that may be absent from its line. Only these, since to add one takes time with each event. */
    private static $absent = ['client' => 0, 'changes' => '', 'sockets' => false, 'globals' => [], 'any_global' => false, 'tagged' => false,
        'result' => false, 'own' => false];

    /** What an event may need, and another one in its place may not. */
    const NEEDS = ['sockets' => 1, 'globals' => 1, 'any_global' => 1, 'own' => 1, 'watch' => 1];

    private static $socket;

    /** Where it has connected to. */
    private static $address = '';

    /** Whether it runs events beside the worker that has all rows. */
    private static $beside = false;

    /** Whether ws_server_initialize has run. */
    private static $initialized = false;

    /** The client that authenticate has let in last. */
    private static $admitted = 0;

    /**
     * What /proc says of the sockets on which this process accepts requests, by their links. php-fpm closes them in a worker that has
     * to end, because it reloads or stops.
     */
    private static $listeners = [];

    /**
     * Connects to wsbridge, proves that this is the worker it asked for, and waits until it is needed. Before that nothing of the
     * application is loaded, since its file scope is to run once. Returns false if it is not needed, or cannot connect.
     */
    public static function connect()
    {
        $condemned = getenv('WSBRIDGE_KILL'); // not $_SERVER, which variables_order may leave empty
        if ($condemned !== false) {
            Output::leave();
            echo Process::kill((int) $condemned);
            return false;
        }
        Session::start();
        ErrorLog::start();
        ignore_user_abort(true); // wsbridge's end of the request may close before the socket
        self::$listeners = self::listeners();
        self::$address = getenv('WSBRIDGE_RESIDENT');
        self::$socket = @stream_socket_client(self::$address, $code, $error, self::CONNECT);
        if (self::$socket === false) {
            self::$socket = null;
            Failure::withoutEvent('cannot connect to ' . self::$address . ' as user ' . Process::user() . ': ' . $error);
            return false;
        }
        stream_set_timeout(self::$socket, self::PATIENCE);
        stream_set_chunk_size(self::$socket, self::CHUNK);
        Answer::$channel = self::$socket;
        Answer::$token = self::MARK;
        fwrite(self::$socket, getenv('WSBRIDGE_WORKER') . ' ' . getmypid() . "\n");
        unset($_SERVER['WSBRIDGE_TOKEN'], $_SERVER['WSBRIDGE_WORKER']); // the application need not know them
        if (!self::isNeeded()) {
            Request::set(null); // it has ended: the end of PHP is no failure of it
            return false;
        }
        return true;
    }

    /** Waits until it is to be filled. Returns false if it has to leave instead. */
    private static function isNeeded()
    {
        while (($event = self::read()) !== null) {
            Request::set($event);
            switch ($event['event']) {
                case 'fill':
                    return true;
                case 'check':
                    if (self::check($event)) {
                        return false;
                    }
                    break;
                default:
                    Answer::done(null, '', '', '', true);
                    return false;
            }
        }
        return false;
    }

    /** Takes over, and runs events until the worker has to leave. An exception of a handler leaves the loop, and Failure ends the event. */
    public static function run()
    {
        Code::remember();
        Superglobals::start();
        $event = Request::current();
        self::$beside = !empty($event['beside']);
        self::$beside ? Beside::start() : self::fill(Request::current());
        for ($leaves = false; !$leaves && ($event = self::read()) !== null;) {
            Request::set($event);
            switch ($event['event']) {
                case 'check':
                    $leaves = self::check($event);
                    break;
                case 'audit':
                    if ($event['changes'] !== '') {
                        Rows::patch($event);
                    }
                    list($result, $rows, $globals) = Audit::run($event);
                    Answer::done($result, $rows, $globals, '', true);
                    break;
                case 'leave':
                    $leaves = true;
                    $event['payload'] === 'end' ? Children::killAll() : Children::end();
                    Answer::done(null, '', '', '', true);
                    break;
                default:
                    self::$beside ? Beside::handle($event) : self::handle($event);
            }
        }
        Request::set(null);
        ErrorLog::end();
        fclose(self::$socket);
    }

    private static function handle(array $event)
    {
        $began = microtime(true);
        $client = $event['client'];
        if (isset($event['environment'])) {
            Superglobals::learn($client, unserialize($event['environment']));
        }
        if (isset($event['after'])) {
            $event = self::afterAuthenticate($event);
            if ($event === null) {
                return;
            }
        }
        Superglobals::enter($client, $began, isset($event['trace']) ? $event['trace'] : '');
        Session::enter();
        Presence::begin($began);
        Process::begin($event['event']);
        Rows::begin($event);
        $watched = $event['globals'] !== [] || $event['any_global'];
        if ($watched) {
            KeptGlobals::begin($event);
        }
        $isWatched = isset($event['watch']);
        if ($isWatched) {
            SideEffects::begin($event['event'], true);
        }
        if ($event['event'] === 'authenticate') {
            Answer::$arriving = $client;
        }
        $result = $event['event'] === 'initialize' && self::$initialized ? null : Handlers::run($event);
        if ($result === 'true') { // of authenticate, or of an event that has no client
            self::$admitted = Answer::$arriving;
        }
        if (Children::$touched) {
            Children::settle();
        }
        if ($isWatched) {
            SideEffects::end($event['event']);
        }
        Session::leave();
        Process::endTimeLimit(); // of the handler's set_time_limit(): it would count the time of the events that follow
        ErrorLog::pass();
        $rows = Rows::changes();
        $globals = $watched ? KeptGlobals::changes() : '';
        Rows::end(); // before the event's end: what a destructor sends is a part of it
        Answer::done($result, $rows, $globals, '', true, Process::took($event['event'], $began), self::held());
    }

    /**
     * Returns the event that follows its client's authenticate: the open event if that has let the client in, else the close event. If that
     * is to run later, the event ends here, and it returns null.
     */
    private static function afterAuthenticate(array $event)
    {
        if (self::$admitted === $event['client']) {
            Rows::open($event['client']);
            return $event;
        }
        if (isset($event['else'])) {
            return $event['else'] + array_diff_key($event, self::NEEDS) + self::$absent;
        }
        if ($event['changes'] !== '') {
            Rows::patch($event);
        }
        Answer::done(null, '', '', '', true);
        return null;
    }

    /** Runs ws_server_initialize, as at the start of the original, if each process has to. */
    public static function initialize()
    {
        if (Parameters::$options[Parameters::INITIALIZE] === 'every' && function_exists('ws_server_initialize')) {
            Superglobals::enter(0, microtime(true));
            Session::enter();
            ws_server_initialize();
            Session::leave();
            self::$initialized = true;
        }
    }

    /** Takes over all rows and living global variables. ws_server_initialize runs before, as at the start of the original. */
    private static function fill(array $event)
    {
        Children::begin(self::$address);
        Children::adopt($event['payload']);
        self::initialize();
        Rows::keep($event + Request::DEFAULTS);
        $globals = Globals::take($event + ['values' => '', 'first' => []]);
        Process::endTimeLimit();
        ErrorLog::pass();
        Answer::done(null, '', $globals, Application::code(), true);
    }

    /** Returns what was found that no other process can be given: a JSON object, or "". */
    private static function held()
    {
        $held = KeptGlobals::$held + RowChange::$held;
        if ($held === []) {
            return '';
        }
        KeptGlobals::$held = [];
        RowChange::$held = [];
        return json_encode($held, JSON_PARTIAL_OUTPUT_ON_ERROR);
    }

    /** Says how this worker is. Returns whether it has to leave, which it does between two events. */
    private static function check(array $event)
    {
        if ($event['changes'] !== '') {
            Rows::patch($event);
        }
        list($changed, $settled) = Application::$phase === 'events' ? Code::changed() : [false, true];
        $leaving = '';
        if (self::hasLostListener()) {
            $leaving = 'php-fpm ends or reloads';
        } elseif (Opcache::restarts()) {
            $leaving = 'opcache waits for it before it restarts';
        }
        $result = ['memory' => memory_get_usage(true), 'changed' => $changed, 'settled' => $settled, 'leaving' => $leaving];
        Answer::done(json_encode($result), '', '', '', true);
        return $leaving !== '';
    }

    /** Reports whether php-fpm has closed a socket, whose number may mean another one by now. */
    private static function hasLostListener()
    {
        foreach (self::$listeners as $link => $target) {
            if (@readlink($link) !== $target) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns what the links in /proc to sockets that accept connections lead to, by link. Where php-fpm has closed one already, a new and
     * unused socket has its number (php-src, sapi/fpm/fpm/fpm_signals.c): what it led to is not known, and so "". Empty where /proc cannot be read.
     */
    private static function listeners()
    {
        $targets = [];
        foreach (@scandir('/proc/self/fd') ?: [] as $number) { // before the tables: one that is closed now is missed later
            $link = '/proc/self/fd/' . $number;
            $targets[$link] = @readlink($link);
        }
        $listening = self::sockets(['unix' => '/^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+)/m', 'tcp' => '/^ *\d+: \S+ \S+ 0A .*? (\d+) \d+ [0-9a-f]+ /m',
            'tcp6' => '/^ *\d+: \S+ \S+ 0A .*? (\d+) \d+ [0-9a-f]+ /m']);
        $unused = self::sockets(['unix' => '/^\S+ \S+ \S+ 00000000 0001 01 +(\d+) *$/m']);
        return array_intersect($targets, $listening) + array_fill_keys(array_keys(array_intersect($targets, $unused)), '');
    }

    /** Returns what links in /proc to sockets say, of those that match in the table of their family: see proc_pid_net(5). */
    private static function sockets(array $patterns)
    {
        $names = [];
        foreach ($patterns as $family => $pattern) {
            preg_match_all($pattern, (string) @file_get_contents('/proc/self/net/' . $family), $matches);
            foreach ($matches[1] as $inode) {
                $names[] = 'socket:[' . $inode . ']';
            }
        }
        return $names;
    }

    /** Waits for the next event; null if there will be no more. */
    private static function read()
    {
        if (Children::$any) {
            Children::await(self::$socket);
        }
        do {
            $line = fgets(self::$socket);
        } while ($line === false && !feof(self::$socket)); // a signal, or the timeout
        $event = $line === false ? null : json_decode($line, true);
        if ($event === null) {
            return null;
        }
        foreach (self::$blocks as $block) {
            if (isset($event[$block])) {
                $event[$block] = self::block($event[$block]);
            }
        }
        $event['payload'] = $event['length'] > 0 ? self::block($event['length']) : '';
        return $event + self::$absent;
    }

    private static function block($length)
    {
        $bytes = fread(self::$socket, $length);
        while (strlen($bytes) < $length) {
            $more = fread(self::$socket, $length - strlen($bytes));
            if ($more === false || $more === '' && feof(self::$socket)) {
                exit; // wsbridge has ended in the middle of an event, which has not begun
            }
            $bytes .= $more;
        }
        return $bytes;
    }
}
