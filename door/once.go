package door

import "sync"

// Once does each thing once in its lifetime, however many ask for it and whether or not they ask at the same time; all
// get the same answer, an error too. The zero value is ready.
type Once[T any] struct {
	mu   sync.Mutex
	done map[string]func() (T, error)
}

// Do gives what f gives for a key, from the first call that named it.
func (o *Once[T]) Do(key string, f func() (T, error)) (T, error) {
	o.mu.Lock()
	ask, known := o.done[key]
	if !known {
		if o.done == nil {
			o.done = map[string]func() (T, error){}
		}
		ask = sync.OnceValues(f)
		o.done[key] = ask
	}
	o.mu.Unlock()
	return ask()
}
