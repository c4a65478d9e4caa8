<?php
/*
 * A client of wsbridge's control API for web applications, for PHP 5.6 to 8.5. Copy this file into the application.
 *
 *     $control = new WsbridgeControl('unix:/run/wsbridge/control.sock');
 *     $control->broadcast('closing in five minutes', array('room' => 'lobby'));
 *     $result = $control->fifo(array('to' => '*', 'text' => 'hi')); // returns when ws_server_fifo has
 *
 * The address is one of control.listen in wsbridge.toml. A socket must be open to the user of the web server's php-fpm, see
 * control.group. TCP needs the token in control.token_file.
 */

/* Says what went wrong, and what to do about it. The code is the HTTP status, or 0 if there was no answer. */
class WsbridgeError extends RuntimeException
{
}

class WsbridgeControl
{
    private $address;
    private $token;
    private $timeout;

    /*
     * $address is "unix:/path" or "host:port", $token the bearer token for the latter. A call takes at most $timeout seconds, except
     * fifo(), which has its own limit. Each call makes a connection and closes it.
     */
    public function __construct($address, $token = '', $timeout = 5.0)
    {
        if (strpos($address, 'unix:/') !== 0 && !preg_match('/^[^\s\/]+:\d+$/D', $address)) {
            throw new InvalidArgumentException("\"$address\" is no address: want \"unix:/path\" or \"host:port\"");
        }
        if (preg_match('/[^\x21-\x7e]/', $token)) {
            throw new InvalidArgumentException('the token has white space or control characters: trim() it');
        }
        $this->address = $address;
        $this->token = $token;
        $this->timeout = $timeout;
    }

    /* Sends a text message, which must be UTF-8, to a client. */
    public function send($key, $text)
    {
        $this->post('connections/' . self::key($key) . '/send', array(), $text, 'text/plain; charset=utf-8');
    }

    /* Sends a binary message to a client. */
    public function sendBinary($key, $data)
    {
        $this->post('connections/' . self::key($key) . '/send', array(), $data, 'application/octet-stream');
    }

    /*
     * Sends a text message to all open clients, or to those whose rows have these values: array('room' => 'lobby'). A value that
     * ends with an asterisk matches every value that starts like it. Returns the number of recipients.
     */
    public function broadcast($text, array $where = array())
    {
        $answer = $this->post('broadcast', self::filter($where), $text, 'text/plain; charset=utf-8');
        return $answer['to'];
    }

    /* Closes a client. Its close handlers run. */
    public function close($key, $code = 1000, $reason = '')
    {
        $body = self::json(array('code' => $code, 'reason' => $reason));
        $this->post('connections/' . self::key($key) . '/close', array(), $body, 'application/json');
    }

    /*
     * Returns by key the connections whose rows have these values. Each is an array with "state", "remote_address" and more; its
     * "row" has the fields that $fields names. Each request fetches $page connections.
     */
    public function connections(array $where = array(), array $fields = array(), $page = 1000)
    {
        $found = array();
        $query = self::filter($where) + array('limit' => $page);
        if ($fields) {
            $query['fields'] = implode(',', $fields);
        }
        do {
            $answer = $this->get('connections', $query);
            foreach ($answer['connections'] as $connection) {
                $found[$connection['key']] = $connection;
            }
            $query['after'] = isset($answer['next']) ? $answer['next'] : null;
        } while ($query['after'] !== null);
        return $found;
    }

    /* Returns a connection with its whole row and its latest events, or null if no client has that key. */
    public function connection($key)
    {
        try {
            return $this->get('connections/' . self::key($key), array());
        } catch (WsbridgeError $e) {
            if ($e->getCode() === 404) {
                return null;
            }
            throw $e;
        }
    }

    /*
     * Passes a document to ws_server_fifo and returns what that returned. Waits at most $timeout seconds. A string is passed as it
     * is, anything else as JSON. An error says whether the handler failed or did not run; after code 504 it may still run.
     */
    public function fifo($document, $timeout = 30.0)
    {
        $text = is_string($document) ? $document : self::json($document);
        $query = array('timeout' => sprintf('%dms', (int) ceil($timeout * 1000)));
        $answer = $this->post('fifo', $query, $text, 'application/octet-stream', $timeout + $this->timeout);
        return isset($answer['result']) ? $answer['result'] : null;
    }

    /* Returns the server's status. */
    public function status()
    {
        return $this->get('status', array());
    }

    private function get($path, array $query)
    {
        return $this->call('GET', $path, $query, '', '', $this->timeout);
    }

    private function post($path, array $query, $body, $type, $timeout = null)
    {
        return $this->call('POST', $path, $query, $body, $type, $timeout === null ? $this->timeout : $timeout);
    }

    private function call($method, $path, array $query, $body, $type, $timeout)
    {
        $until = microtime(true) + $timeout;
        $request = $this->request($method, $path, $query, $body, $type);
        for (;;) {
            $answer = $this->exchange($request, $until);
            if (!self::isAgain($answer) || microtime(true) + 0.05 >= $until) {
                return $this->understand($answer);
            }
            usleep(50000);
        }
    }

    private function exchange($request, $until)
    {
        $socket = $this->connect(max(0.001, $until - microtime(true)));
        try {
            $this->write($socket, $request, $until);
            return $this->read($socket, $until);
        } finally {
            fclose($socket);
        }
    }

    /* Returns whether nothing was done, since another process of wsbridge takes over: the same request can be made again. */
    private static function isAgain($answer)
    {
        $parts = explode("\r\n\r\n", $answer, 2);
        $value = count($parts) === 2 ? json_decode($parts[1], true) : null;
        return is_array($value) && isset($value['again']) && $value['again'] === true;
    }

    /* Returns an HTTP/1.0 request: its answer is not chunked, and ends with the connection. */
    private function request($method, $path, array $query, $body, $type)
    {
        $target = "/v1/$path" . ($query ? '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986) : '');
        $host = strpos($this->address, 'unix:') === 0 ? 'localhost' : $this->address;
        $head = "$method $target HTTP/1.0\r\nHost: $host\r\n";
        if ($this->token !== '') {
            $head .= "Authorization: Bearer $this->token\r\n";
        }
        if ($method === 'POST') {
            $head .= "Content-Type: $type\r\nContent-Length: " . strlen($body) . "\r\n";
        }
        return "$head\r\n$body";
    }

    private function connect($timeout)
    {
        $isUnix = strpos($this->address, 'unix:') === 0;
        $remote = $isUnix ? 'unix://' . substr($this->address, 5) : "tcp://$this->address";
        $code = 0;
        $why = '';
        $socket = @stream_socket_client($remote, $code, $why, $timeout);
        if ($socket === false) {
            $why = $why !== '' ? $why : "error $code";
            throw new WsbridgeError("no connection to wsbridge at $this->address: $why. " . $this->advice($isUnix));
        }
        stream_set_blocking($socket, false);
        return $socket;
    }

    private function advice($isUnix)
    {
        if (!$isUnix) {
            return 'Is it running, and is that address in its control.listen?';
        }
        $path = substr($this->address, 5);
        clearstatcache();
        if (!is_dir(dirname($path)) || (is_readable(dirname($path)) && !file_exists($path))) {
            return 'There is no such socket: is it running, and is that address in its control.listen?';
        }
        if (!is_writable($path)) {
            return 'This user may not use the socket: see control.group in wsbridge.toml.';
        }
        return 'Is it still running?';
    }

    private function write($socket, $data, $until)
    {
        for ($written = 0; $written < strlen($data); $written += $size) {
            $this->wait(null, $socket, $until);
            $size = @fwrite($socket, substr($data, $written, 65536));
            if ($size === false) {
                return; // the server refused the request before it read all of it; the answer says why
            }
        }
    }

    private function read($socket, $until)
    {
        $answer = '';
        while (!feof($socket)) {
            $this->wait($socket, null, $until);
            $answer .= (string) fread($socket, 65536);
        }
        return $answer;
    }

    private function wait($reader, $writer, $until)
    {
        $readers = $reader ? array($reader) : array();
        $writers = $writer ? array($writer) : array();
        $others = array();
        $left = max(0, $until - microtime(true));
        $ready = @stream_select($readers, $writers, $others, (int) $left, (int) (($left - (int) $left) * 1e6));
        if ($ready === 0 || microtime(true) >= $until) { // false: a signal interrupted; the caller tries again
            throw new WsbridgeError("wsbridge at $this->address did not answer in time; what was asked for may still happen");
        }
    }

    private function understand($answer)
    {
        $parts = explode("\r\n\r\n", $answer, 2);
        if (count($parts) < 2 || !preg_match('/^HTTP\/1\.[01] (\d{3})/', $parts[0], $status)) {
            throw new WsbridgeError("what answers at $this->address is not wsbridge, or it ended meanwhile");
        }
        $code = (int) $status[1];
        $value = json_decode($parts[1], true);
        if ($code >= 400) {
            $why = is_array($value) && isset($value['error']) ? $value['error'] : trim($parts[1]);
            throw new WsbridgeError("wsbridge: $why", $code);
        }
        if (!is_array($value)) {
            throw new WsbridgeError("what answers at $this->address is not wsbridge", $code);
        }
        return $value;
    }

    private static function filter(array $where)
    {
        $query = array();
        foreach ($where as $field => $value) {
            $query["row.$field"] = is_bool($value) ? (string) (int) $value : (string) $value;
        }
        return $query;
    }

    private static function key($key)
    {
        if (!preg_match('/^[1-9]\d*$/D', (string) $key)) {
            throw new InvalidArgumentException("\"$key\" is no client key: want a positive whole number");
        }
        return (string) $key;
    }

    private static function json($value)
    {
        $text = json_encode($value);
        if ($text === false) {
            throw new InvalidArgumentException('that cannot be written as JSON: ' . json_last_error_msg());
        }
        return $text;
    }
}
