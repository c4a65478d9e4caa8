<?php
/* WebSocket frames as bytes. */

if (Wsbridge\Helpers::wanted('encode_frame')) {
    function encode_frame($opcode, $payload = '', $status = false)
    {
        return Wsbridge\Frame::encode($opcode, (string) $payload, $status);
    }
}

if (Wsbridge\Helpers::wanted('encode_text_data_frame')) {
    function encode_text_data_frame($payload)
    {
        return encode_frame(1, $payload);
    }
}

if (Wsbridge\Helpers::wanted('decode_frame')) {
    /** The first frame of $data, which is taken off it; false, and $data as it was, if there is no whole frame. */
    function decode_frame(&$data)
    {
        $frame = Wsbridge\Frame::decode((string) $data);
        if ($frame === null) {
            return false;
        }
        $data = (string) substr($data, Wsbridge\Frame::size($data));
        return $frame;
    }
}

if (Wsbridge\Helpers::wanted('coalesce_frames')) {
    /** The message of a list of decoded frames. */
    function coalesce_frames(&$buffer)
    {
        return implode('', array_column($buffer, 'payload'));
    }
}
