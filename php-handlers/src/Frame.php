<?php
namespace Wsbridge;

/** WebSocket frames (RFC 6455, section 5.2). */
final class Frame
{
    /** Encodes a whole, unmasked frame. $status is the code of a close frame, or false. */
    public static function encode($opcode, $payload, $status)
    {
        if ($status !== false) {
            $payload = pack('n', $status) . $payload;
        }
        $length = strlen($payload);
        if ($length <= 125) {
            $head = pack('CC', 0x80 | $opcode, $length);
        } elseif ($length <= 65535) {
            $head = pack('CCn', 0x80 | $opcode, 126, $length);
        } else {
            $head = pack('CCNN', 0x80 | $opcode, 127, $length >> 32, $length & 0xffffffff);
        }
        return $head . $payload;
    }

    /** Decodes the frame at the start of $data, masked or not, into an array; null if $data has no whole frame. */
    public static function decode($data)
    {
        $size = self::size($data);
        if ($size === 0 || $size > strlen($data)) {
            return null;
        }
        $masked = (ord($data[1]) & 0x80) !== 0;
        $head = self::headSize($data);
        $payload = (string) substr($data, $head, $size - $head);
        $key = $masked ? substr($data, $head - 4, 4) : '';
        if ($masked && $payload !== '') {
            $payload ^= str_repeat($key, (strlen($payload) >> 2) + 1);
        }
        $frame = [
            'fin' => (ord($data[0]) & 0x80) !== 0,
            'opcode' => ord($data[0]) & 0x0f,
            'mask' => $masked,
            'mask_key' => $masked ? array_values(unpack('C4', $key)) : [],
            'payload' => $payload,
        ];
        if ($frame['opcode'] === 8 && strlen($payload) >= 2) {
            $status = unpack('n', $payload);
            $frame['close_status'] = $status[1];
            $frame['payload'] = (string) substr($payload, 2);
        }
        return $frame;
    }

    /** Returns the size of the frame, header and payload, that starts with these bytes; 0 if they are too few to tell. */
    public static function size($data)
    {
        $head = self::headSize($data);
        if ($head === 0 || strlen($data) < $head) {
            return 0;
        }
        $length = ord($data[1]) & 0x7f;
        if ($length === 126) {
            $number = unpack('n', substr($data, 2, 2));
            $length = $number[1];
        } elseif ($length === 127) {
            $number = unpack('N2', substr($data, 2, 8));
            $length = $number[1] << 32 | $number[2];
        }
        return $length < 0 ? PHP_INT_MAX : $head + $length;
    }

    private static function headSize($data)
    {
        if (strlen($data) < 2) {
            return 0;
        }
        $second = ord($data[1]);
        $extra = [126 => 2, 127 => 8];
        $length = $second & 0x7f;
        return 2 + (isset($extra[$length]) ? $extra[$length] : 0) + ($second & 0x80 ? 4 : 0);
    }
}
