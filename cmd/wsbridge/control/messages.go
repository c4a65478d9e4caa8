package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// maxJSON bounds the bytes of a body that is JSON.
const maxJSON = 64 << 10

func (s *Server) send(w http.ResponseWriter, r *http.Request) (any, error) {
	key, err := keyOf(r)
	if err != nil {
		return nil, err
	}
	message, err := body(w, r, s.cfg.MaxMessage())
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Bridge.Send(key, isBinary(r), message); err != nil {
		return nil, noConnection(key, err)
	}
	return api.Done{"queued": true}, nil
}

func (s *Server) broadcast(w http.ResponseWriter, r *http.Request) (any, error) {
	filter, err := filterOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	message, err := body(w, r, s.cfg.MaxMessage())
	if err != nil {
		return nil, err
	}
	to, missed, err := s.cfg.Bridge.Broadcast(filter, isBinary(r), message)
	return api.Broadcast{To: to, Missed: missed}, err
}

func (s *Server) close(w http.ResponseWriter, r *http.Request) (any, error) {
	key, err := keyOf(r)
	if err != nil {
		return nil, err
	}
	var how api.Close
	if err := decode(w, r, &how); err != nil {
		return nil, err
	}
	if err := s.cfg.Bridge.CloseClient(key, how.Code, how.Reason); err != nil {
		return nil, noConnection(key, err)
	}
	return api.Done{"closing": true}, nil
}

// isBinary reports whether a message is to be sent as binary.
func isBinary(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/octet-stream"
}

// body reads at most limit bytes.
func body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return nil, errorf(http.StatusBadRequest, "the body could not be read: %v", err)
	}
	return text, err
}

// decode reads a JSON object; an empty body is an empty object.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	text, err := body(w, r, maxJSON)
	if err != nil || len(text) == 0 {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		return errorf(http.StatusBadRequest, "the body is not the object that is wanted: %v", err)
	}
	return nil
}
