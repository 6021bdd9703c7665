// Package burst finds the days on which something is used so much more often
// than usual that it is news: Kleinberg's automaton with two states (Bursty
// and Hierarchical Structure in Streams, 2002, section 4, for batched
// arrivals).
package burst

import "math"

// Params are the automaton's two settings.
type Params struct {
	// Ratio is how many times the usual share a burst has; more than 1.
	Ratio float64
	// Cost makes entering a burst dear, so that single days do not count;
	// multiplied by the logarithm of the number of days.
	Cost float64
}

// Default is Kleinberg's own choice.
var Default = Params{Ratio: 2, Cost: 1}

// Find returns, for each day, the weight of the burst that the day lies in: by
// how much, in the automaton's units, the burst explains the day's count
// better than the usual share does; 0 outside bursts. counts are the days'
// occurrences, totals what they are a part of, both of one length.
func Find(counts, totals []float64, p Params) []float64 {
	weights := make([]float64, len(counts))
	var sum, all float64
	for i := range counts {
		sum += counts[i]
		all += totals[i]
	}
	if sum == 0 || all <= sum {
		return weights
	}
	base := sum / all
	high := math.Min(base*p.Ratio, 0.9999)
	enter := p.Cost * math.Log(float64(len(counts)))

	// Viterbi over two states; back[i] tells from which state each state of
	// day i was reached.
	cost := [2]float64{0, enter}
	back := make([][2]int, len(counts))
	gain := make([]float64, len(counts))
	for i := range counts {
		low, up := dayCost(counts[i], totals[i], base), dayCost(counts[i], totals[i], high)
		gain[i] = low - up
		next := [2]float64{}
		if cost[0] <= cost[1] { // leaving a burst is free
			next[0], back[i][0] = cost[0]+low, 0
		} else {
			next[0], back[i][0] = cost[1]+low, 1
		}
		if cost[0]+enter < cost[1] {
			next[1], back[i][1] = cost[0]+enter+up, 0
		} else {
			next[1], back[i][1] = cost[1]+up, 1
		}
		cost = next
	}
	state := 0
	if cost[1] < cost[0] {
		state = 1
	}
	for i := len(counts) - 1; i >= 0; i-- {
		if state == 1 {
			weights[i] = math.Max(gain[i], 0)
		}
		state = back[i][state]
	}
	return weights
}

// dayCost is −ln of the binomial probability of count out of total at a share,
// without the coefficient, which is the same for every share.
func dayCost(count, total, share float64) float64 {
	return -(count*math.Log(share) + (total-count)*math.Log(1-share))
}
