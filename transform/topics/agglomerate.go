package topics

import (
	"cmp"
	"container/heap"
	"slices"
)

// agglomerate joins unit vectors bottom-up by average linkage: of all pairs of
// groups the one with the greatest mean likeness of its members joins first,
// until none reaches least. It returns the group of each vector, named after
// its first member.
//
// For vectors of unit length the mean over all pairs of two groups is the
// product of their sums over the product of their sizes (the centroid form of
// UPGMA), so a merge costs one sparse product for every neighbour. Only pairs
// that share a feature rarer than maxPosting, and of those the nearest
// neighbours of each vector, are looked at, which keeps the cost near linear.
// Ties go to the group with the earlier member, so the result depends on the
// order of the vectors alone.
func agglomerate(vs []vector, least float64, neighbours, maxPosting int) []int {
	a := &linkage{
		sum:  slices.Clone(vs),
		size: make([]int, len(vs)),
		near: make([]map[int]bool, len(vs)),
		into: make([]int, len(vs)),
		age:  make([]int, len(vs)),
	}
	for i := range vs {
		a.size[i], a.into[i] = 1, i
		a.near[i] = make(map[int]bool)
	}
	for i, js := range nearest(vs, neighbours, maxPosting, least/2) {
		for _, j := range js {
			if !a.near[i][j] {
				a.near[i][j], a.near[j][i] = true, true
				a.propose(i, j, least)
			}
		}
	}
	heap.Init(&a.queue)
	for a.queue.Len() > 0 {
		p := heap.Pop(&a.queue).(pair)
		if a.age[p.a] == p.ageA && a.age[p.b] == p.ageB {
			a.merge(p.a, p.b, least)
		}
	}
	for i := range a.into {
		a.into[i] = find(a.into, i)
	}
	return a.into
}

type linkage struct {
	sum   []vector
	size  []int
	near  []map[int]bool
	into  []int
	age   []int // grows with every merge, so that older pairs are known as such
	queue pairQueue
}

// pair is a possible merge, valid while both groups have their age.
type pair struct {
	likeness   float64
	a, b       int // a < b
	ageA, ageB int
}

// propose queues the merge of a and b, if they are like enough.
func (l *linkage) propose(a, b int, least float64) {
	if a > b {
		a, b = b, a
	}
	if like := l.sum[a].dot(l.sum[b]) / float64(l.size[a]*l.size[b]); like >= least {
		l.queue = append(l.queue, pair{like, a, b, l.age[a], l.age[b]})
	}
}

// merge puts group b into a, and proposes a to the neighbours of both.
func (l *linkage) merge(a, b int, least float64) {
	l.sum[a] = l.sum[a].plus(l.sum[b])
	l.sum[b] = vector{}
	l.size[a] += l.size[b]
	l.into[b] = a
	l.age[a]++
	l.age[b]++
	for n := range l.near[b] {
		delete(l.near[n], b)
		if n != a {
			l.near[a][n], l.near[n][a] = true, true
		}
	}
	delete(l.near[a], b)
	l.near[b] = nil
	for n := range l.near[a] {
		before := l.queue.Len()
		l.propose(a, n, least)
		if l.queue.Len() > before {
			heap.Fix(&l.queue, before)
		}
	}
}

type pairQueue []pair

func (q pairQueue) Len() int { return len(q) }

func (q pairQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].likeness, q[i].likeness), cmp.Compare(q[i].a, q[j].a), cmp.Compare(q[i].b, q[j].b)) < 0
}

func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(pair)) }

func (q *pairQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// leaned returns the vectors with their nearest neighbours' added, each by its
// likeness, in unit length. Two people who tell of one matter may share no
// word, yet both share words with a third: leaning brings them together, where
// messages about something else have no neighbours in common.
func leaned(vs []vector, neighbours, maxPosting int, least float64) []vector {
	out := make([]vector, len(vs))
	for i, js := range nearest(vs, neighbours, maxPosting, least) {
		slices.Sort(js)
		sum := vs[i]
		for _, j := range js {
			sum = sum.plus(vs[j].times(vs[i].dot(vs[j])))
		}
		out[i] = sum.times(1 / max(sum.norm(), 1e-12))
	}
	return out
}

// nearest returns for each vector its nearest ones with at least the given
// likeness, by way of an inverted index.
func nearest(vs []vector, k, maxPosting int, least float64) [][]int {
	postings := make(map[int32][]posting)
	for i, v := range vs {
		for x, f := range v.at {
			postings[f] = append(postings[f], posting{i, v.val[x]})
		}
	}
	out := make([][]int, len(vs))
	score := make([]float64, len(vs))
	var touched []int
	for i, v := range vs {
		touched = touched[:0]
		for x, f := range v.at {
			list := postings[f]
			if len(list) > maxPosting {
				list = around(list, i, maxPosting)
			}
			for _, p := range list {
				if p.doc == i {
					continue
				}
				if score[p.doc] == 0 {
					touched = append(touched, p.doc)
				}
				score[p.doc] += v.val[x] * p.val
			}
		}
		slices.SortFunc(touched, func(a, b int) int {
			return cmp.Or(cmp.Compare(score[b], score[a]), cmp.Compare(a, b))
		})
		for _, j := range touched[:min(k, len(touched))] {
			if score[j] >= least {
				out[i] = append(out[i], j)
			}
		}
		for _, j := range touched {
			score[j] = 0
		}
	}
	return out
}

type posting struct {
	doc int
	val float64
}

// around returns the n postings that stand around document i: a feature of
// thousands of messages still ties each to some others, and through them to
// all.
func around(list []posting, i, n int) []posting {
	at, _ := slices.BinarySearchFunc(list, i, func(p posting, i int) int { return cmp.Compare(p.doc, i) })
	from := max(0, min(at-n/2, len(list)-n))
	return list[from : from+n]
}

func find(into []int, i int) int {
	for into[i] != i {
		into[i] = into[into[i]]
		i = into[i]
	}
	return i
}
