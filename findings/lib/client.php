<?php
/** One connection to php-fpm. */
final class Connection
{
    private const BEGIN_REQUEST = 1;
    private const END_REQUEST = 3;
    private const PARAMS = 4;
    private const STDIN = 5;
    private const STDOUT = 6;

    private $stream;
    private int $flags;

    /**
     * @param string $address unix:///path or tcp://127.0.0.1:port
     * @param bool $keep whether requests carry FCGI_KEEP_CONN
     */
    public function __construct(string $address, bool $keep = true)
    {
        $this->flags = (int) $keep;
        $this->stream = stream_socket_client($address, $code, $error, 5);
        if ($this->stream === false) {
            throw new RuntimeException("connect $address: $error");
        }
        stream_set_timeout($this->stream, 30);
    }

    public function ask(string $script, string $query = ''): ?string
    {
        $this->send($script, $query);
        return $this->receive();
    }

    public function send(string $script, string $query = ''): void
    {
        $parameters = '';
        foreach (['REQUEST_METHOD' => 'GET', 'SCRIPT_NAME' => $script, 'SCRIPT_FILENAME' => $script, 'QUERY_STRING' => $query] as $name => $value) {
            $parameters .= pack('CC', strlen($name), strlen($value)) . $name . $value;
        }
        $responder = 1;
        fwrite($this->stream, self::record(self::BEGIN_REQUEST, pack('nCx5', $responder, $this->flags))
            . self::record(self::PARAMS, $parameters) . self::record(self::PARAMS) . self::record(self::STDIN));
    }

    /** Waits for the first bytes of an answer. */
    public function waitForOutput(): void
    {
        $read = [$this->stream];
        $none = null;
        stream_select($read, $none, $none, 10);
    }

    /** The answer's body; null if the connection ended first. */
    public function receive(): ?string
    {
        $answer = '';
        while (strlen($head = (string) fread($this->stream, 8)) === 8) {
            ['type' => $type, 'length' => $length, 'padding' => $padding] = unpack('x/Ctype/x2/nlength/Cpadding', $head);
            $content = $length + $padding > 0 ? stream_get_contents($this->stream, $length + $padding) : '';
            if ($type === self::STDOUT) {
                $answer .= substr($content, 0, $length);
            }
            if ($type === self::END_REQUEST) {
                return explode("\r\n\r\n", $answer, 2)[1];
            }
        }
        if (stream_get_meta_data($this->stream)['timed_out']) {
            throw new RuntimeException('no answer in time');
        }
        return null;
    }

    private static function record(int $type, string $content = ''): string
    {
        return pack('CCnnx2', 1, $type, 1, strlen($content)) . $content;
    }
}
