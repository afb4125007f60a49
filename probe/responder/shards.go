package responder

import "sync"

// shards is a map in parts with a lock each, since one lock for everything that packets
// look up would be too slow. Its zero value is ready.
type shards[K comparable, V any] [512]struct {
	mu sync.Mutex // guards the rest
	m  map[K]V
}

// get finds a value; hash is any number computed from the key.
func (s *shards[K, V]) get(hash uint32, key K) (v V, ok bool) {
	part := &s[hash%uint32(len(s))]
	part.mu.Lock()
	defer part.mu.Unlock()
	v, ok = part.m[key]
	return v, ok
}

// set keeps a value, unless there is one.
func (s *shards[K, V]) set(hash uint32, key K, v V) bool {
	part := &s[hash%uint32(len(s))]
	part.mu.Lock()
	defer part.mu.Unlock()
	if _, taken := part.m[key]; taken {
		return false
	}
	if part.m == nil {
		part.m = map[K]V{}
	}
	part.m[key] = v
	return true
}

func (s *shards[K, V]) remove(hash uint32, key K) {
	part := &s[hash%uint32(len(s))]
	part.mu.Lock()
	defer part.mu.Unlock()
	delete(part.m, key)
}

// removeIf removes the values that are no longer wanted.
func (s *shards[K, V]) removeIf(unwanted func(V) bool) {
	for i := range s {
		part := &s[i]
		part.mu.Lock()
		for key, v := range part.m {
			if unwanted(v) {
				delete(part.m, key)
			}
		}
		part.mu.Unlock()
	}
}
