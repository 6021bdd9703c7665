package segment

// trie holds the dictionary by character. A step is one probe of a hash table
// whose slot packs the parent node, the character, the child node, and whether
// that is a leaf, into 64 bits. The table does not fit the processor's caches,
// so a probe saved is time saved: nothing is looked for behind a leaf.
type trie struct {
	first [1 << 16]uint32 // first character (most of Chinese) → node, 0: none
	slots []uint64        // leaf<<63 | node<<42 | rune<<21 | child; 0: empty; open addressing
	mask  uint64
	used  int
	cost  []float32 // by node: the path cost of the word that ends here; 0: no word
}

const (
	nodeBits = 21
	runeBits = 21
	maxNodes = 1<<nodeBits - 1
	leafSlot = 1 << 63
	leafBit  = 1 << 31 // in what step returns: the node has no children
)

func newTrie(words int) *trie {
	size := uint64(1) << 10
	for size < uint64(words)*2 {
		size <<= 1
	}
	return &trie{slots: make([]uint64, size), mask: size - 1, cost: make([]float32, 1, words*3)}
}

func edge(node uint32, r rune) uint64 { return uint64(node)<<runeBits | uint64(r) }

// mix spreads an edge over the table (the finalizer's multiplier of splitmix64).
func mix(key uint64) uint64 {
	key *= 0x9e3779b97f4a7c15
	return key ^ key>>32
}

// next returns the child of node by r, or 0. Node 0 is the root.
func (t *trie) next(node uint32, r rune) uint32 { return t.step(node, r) &^ leafBit }

// step is next with leafBit set where the child is known to be a leaf.
func (t *trie) step(node uint32, r rune) uint32 {
	if node == 0 && r < 1<<16 {
		return t.first[r]
	}
	key := edge(node, r)
	for i := mix(key) & t.mask; ; i = (i + 1) & t.mask {
		slot := t.slots[i]
		if slot == 0 {
			return 0
		}
		if slot&^leafSlot>>nodeBits == key {
			return uint32(slot&maxNodes) | uint32(slot>>63)<<31
		}
	}
}

// node returns the node of word, making those that are missing. It returns 0
// when the dictionary is full (two million prefixes) or word is empty.
func (t *trie) node(word string) uint32 {
	var n uint32
	for _, r := range word {
		child := t.next(n, r)
		if child == 0 {
			if len(t.cost) > maxNodes {
				return 0
			}
			child = uint32(len(t.cost))
			t.cost = append(t.cost, 0)
			t.link(n, r, child)
		}
		n = child
	}
	return n
}

func (t *trie) link(node uint32, r rune, child uint32) {
	if node == 0 && r < 1<<16 {
		t.first[r] = child
		return
	}
	if 2*t.used >= len(t.slots) {
		t.grow()
	}
	t.used++
	t.put(edge(node, r)<<nodeBits | uint64(child))
}

func (t *trie) put(slot uint64) {
	i := mix(slot&^leafSlot>>nodeBits) & t.mask
	for t.slots[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = slot
}

func (t *trie) grow() {
	old := t.slots
	t.slots = make([]uint64, 2*len(old))
	t.mask = uint64(len(t.slots) - 1)
	for _, slot := range old {
		if slot != 0 {
			t.put(slot)
		}
	}
}

// seal marks the leaves; no word may be added behind it.
func (t *trie) seal() {
	inner := make([]bool, len(t.cost))
	for _, slot := range t.slots {
		inner[slot&^leafSlot>>(nodeBits+runeBits)] = true
	}
	for i, slot := range t.slots {
		if slot != 0 && !inner[slot&maxNodes] {
			t.slots[i] |= leafSlot
		}
	}
}

// find returns the path cost of word, or 0.
func (t *trie) find(word string) float32 { return t.cost[t.walk([]rune(word))] }

// walk returns the node of word, or 0.
func (t *trie) walk(word []rune) uint32 {
	var n uint32
	for _, r := range word {
		if n = t.next(n, r); n == 0 {
			return 0
		}
	}
	return n
}
