<?php
/* Frames of RFC 6455, section 5.2: a server's to encode, a client's to decode. */

if (WsbridgeApplication::needs('encode_frame')) {
    /* One unmasked final frame. A status is put before the payload, for a close frame. */
    function encode_frame($opcode, $payload = '', $status = false)
    {
        if ($status !== false) {
            $payload = pack('n', $status) . $payload;
        }
        $length = strlen($payload);
        if ($length <= 125) {
            $size = chr($length);
        } elseif ($length <= 65535) {
            $size = chr(126) . pack('n', $length);
        } else {
            $size = chr(127) . pack('NN', $length >> 32, $length & 0xffffffff);
        }
        return chr(0x80 | $opcode) . $size . $payload;
    }
}

if (WsbridgeApplication::needs('encode_text_data_frame')) {
    function encode_text_data_frame($payload)
    {
        return encode_frame(1, $payload);
    }
}

if (WsbridgeApplication::needs('decode_frame')) {
    /*
     * Takes the first frame off $data and returns it with fin, opcode, mask, length, payload and, of a close frame,
     * close_status; False if there is no whole frame or none that a client may send, and then $data is as it was.
     */
    function decode_frame(&$data)
    {
        if (strlen($data) < 2) {
            return false;
        }
        $first = ord($data[0]);
        $length = ord($data[1]) & 0x7f;
        $at = 2;
        if ($length >= 126) {
            $size = $length === 126 ? 2 : 8;
            if (strlen($data) < $at + $size) {
                return false;
            }
            $length = hexdec(bin2hex(substr($data, $at, $size)));
            $at += $size;
        }
        $masked = (ord($data[1]) & 0x80) !== 0;
        if (($first & 0x70) !== 0 || !$masked || strlen($data) < $at + 4 + $length) {
            return false; // extension bits, not a client's, or not all there
        }
        $mask = substr($data, $at, 4);
        $payload = (string) substr($data, $at + 4, (int) $length);
        $payload ^= str_pad('', strlen($payload), $mask);
        $data = (string) substr($data, $at + 4 + (int) $length);
        $frame = array('fin' => ($first & 0x80) !== 0, 'opcode' => $first & 0x0f, 'mask' => $mask,
            'length' => (int) $length, 'payload' => $payload);
        if ($frame['opcode'] === 8 && strlen($payload) >= 2) {
            $status = unpack('n', $payload);
            $frame['close_status'] = $status[1];
            $frame['payload'] = (string) substr($payload, 2);
        }
        return $frame;
    }
}

if (WsbridgeApplication::needs('coalesce_frames')) {
    /* The message that the frames of one fragmented message carry; empties the buffer. */
    function coalesce_frames(&$buffer)
    {
        $message = '';
        foreach ($buffer as $frame) {
            $message .= $frame['payload'];
        }
        $buffer = array();
        return $message;
    }
}
