package demo

import (
	"math/rand/v2"
	"time"
)

// shanghai has no summer time today, and needs no zone files this way.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// springFestival is the first day of the lunar year, after the calendar of Purple
// Mountain Observatory; other years have no spring festival here.
var springFestival = map[int][2]int{
	2024: {2, 10}, 2025: {1, 29}, 2026: {2, 17}, 2027: {2, 6}, 2028: {1, 26}, 2029: {2, 13}, 2030: {2, 3},
}

// monthWeights is the share of a year's ordinary messages by month.
var monthWeights = [12]float64{.94, .8, 1.05, 1, 1.05, 1.1, 1.15, 1.12, 1, .93, .95, .91}

// hourWeights: people write before noon, in the afternoon, and after supper.
var hourWeights = [24]float64{.4, .2, .1, .1, .1, .2, .6, 1.5, 4, 7, 7.5, 6, 3, 3.5, 5.5, 6.5, 5.5, 4, 3, 3.5, 4.5, 4, 2.5, 1.2}

// A calendar draws times within one month.
type calendar struct {
	first time.Time
	days  []float64 // weight of each day, by weekday and holiday
}

func newCalendar(year, month int) calendar {
	c := calendar{first: time.Date(year, time.Month(month), 1, 0, 0, 0, 0, shanghai)}
	for d := c.first; d.Month() == c.first.Month(); d = d.AddDate(0, 0, 1) {
		w := [7]float64{.5, 1.3, 1.15, 1.1, 1.05, 1, .6}[d.Weekday()]
		if holiday(d) {
			w *= .4
		}
		c.days = append(c.days, w)
	}
	return c
}

// holiday knows the long public holidays, roughly.
func holiday(d time.Time) bool {
	if day, ok := springFestival[d.Year()]; ok {
		first := time.Date(d.Year(), time.Month(day[0]), day[1], 0, 0, 0, 0, shanghai)
		if n := d.Sub(first).Hours() / 24; n >= -1 && n < 7 {
			return true
		}
	}
	switch d.Month() {
	case time.January:
		return d.Day() == 1
	case time.May:
		return d.Day() <= 5
	case time.October:
		return d.Day() <= 7
	}
	return false
}

// at draws a time; shape weighs the days besides their own weight, and may be
// nil.
func (c calendar) at(r *rand.Rand, shape []float64) time.Time {
	weights := c.days
	if shape != nil {
		weights = make([]float64, len(c.days))
		for i := range weights {
			weights[i] = c.days[i] * shape[i]
		}
	}
	day := draw(r, weights)
	hour := draw(r, hourWeights[:])
	return c.first.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Duration(r.IntN(3600))*time.Second)
}

// outburst weighs days from a start: a steep rise, then halving every seven days.
func (c calendar) outburst(start int) []float64 {
	shape := make([]float64, len(c.days))
	w := 1.0
	for i := start; i < len(shape); i++ {
		shape[i] = w
		w *= .906
	}
	return shape
}

// draw gives an index with the probability of its weight.
func draw(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}
