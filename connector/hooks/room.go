package hooks

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// room bounds the bodies of all requests together. It is taken as bytes arrive: who announces much and sends nothing
// takes nothing.
type room struct {
	most int64

	mu   sync.Mutex
	held int64
}

const piece = 16 << 10

// body reads a request's body into the room. free gives the room back, also after a refusal.
func (m *room) body(w http.ResponseWriter, r *http.Request) (body []byte, free func(), no *refusal) {
	var taken int64
	free = func() { m.give(taken) }
	in := http.MaxBytesReader(w, r.Body, MaxBody)
	for {
		if len(body) == cap(body) {
			grown := int64(max(piece, cap(body)))
			if !m.take(grown) {
				return nil, free, busy
			}
			taken += grown
			body = append(make([]byte, 0, int64(cap(body))+grown), body...)
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err != nil {
			return body, free, ended(err)
		}
	}
}

// ended tells the end of a body from what kept it from coming.
func ended(err error) *refusal {
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &large):
		return tooLarge
	}
	return unreadable
}

func (m *room) take(n int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held+n > m.most {
		return false
	}
	m.held += n
	return true
}

func (m *room) give(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= n
}
