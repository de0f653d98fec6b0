package git

import (
	"container/list"
	"sync"
)

// recent keeps the objects of packs that were read last, up to a number of bytes: the next one is often a delta to them.
type recent struct {
	room int64

	mu    sync.Mutex
	used  int64
	order list.List // of *recentItem, newest first
	items map[recentKey]*list.Element
}

type recentKey struct {
	pack   *pack
	offset int64
}

type recentItem struct {
	key recentKey
	o   object
}

const recentBytes = 16 << 20

func newRecent() *recent { return &recent{room: recentBytes, items: map[recentKey]*list.Element{}} }

func (r *recent) get(p *pack, offset int64) (object, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.items[recentKey{p, offset}]
	if !ok {
		return object{}, false
	}
	r.order.MoveToFront(at)
	return at.Value.(*recentItem).o, true
}

func (r *recent) put(p *pack, offset int64, o object) {
	size := int64(len(o.data))
	if size > r.room/4 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := recentKey{p, offset}
	if _, ok := r.items[key]; ok {
		return
	}
	r.items[key] = r.order.PushFront(&recentItem{key, o})
	for r.used += size; r.used > r.room; {
		last := r.order.Back()
		item := r.order.Remove(last).(*recentItem)
		delete(r.items, item.key)
		r.used -= int64(len(item.o.data))
	}
}
