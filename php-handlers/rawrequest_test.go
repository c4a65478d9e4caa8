package phphandlers

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// cgi is a request's CGI parameters, names and values in turn, in the order in which they are sent.
type cgi []string

// request sends a FastCGI request (one connection, closed by php-fpm) and returns the body of the answer.
func (f *fpm) request(t testing.TB, params cgi, body string) string {
	t.Helper()
	var encoded []byte
	for i := 0; i < len(params); i += 2 {
		encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(params[i]))|1<<31)
		encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(params[i+1]))|1<<31)
		encoded = append(encoded, params[i]+params[i+1]...)
	}
	wire := appendRecord(nil, 1, "\x00\x01\x00\x00\x00\x00\x00\x00")
	wire = appendRecord(appendRecord(wire, 4, string(encoded)), 4, "")
	for len(body) > 0 {
		n := min(len(body), 65535)
		wire = appendRecord(wire, 5, body[:n])
		body = body[n:]
	}
	conn, err := net.Dial("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Write(appendRecord(wire, 5, ""))
	answer, readErr := io.ReadAll(conn)
	if err := errors.Join(err, readErr); err != nil {
		t.Fatal(err)
	}
	_, content, ok := strings.Cut(stdout(answer), "\r\n\r\n")
	if !ok {
		t.Fatalf("got no headers: %q", answer)
	}
	return content
}

func appendRecord(wire []byte, kind byte, content string) []byte {
	wire = append(wire, 1, kind, 0, 1, byte(len(content)>>8), byte(len(content)), 0, 0)
	return append(wire, content...)
}

// stdout returns what the records of an answer bring of the script's output.
func stdout(answer []byte) string {
	var out strings.Builder
	for len(answer) >= 8 {
		length := int(binary.BigEndian.Uint16(answer[4:]))
		if answer[1] == 6 {
			out.Write(answer[8 : 8+length])
		}
		answer = answer[8+length+int(answer[6]):]
	}
	return out.String()
}
