package category

import "math"

// calibration turns scores into probabilities: softmax(scale·score + shift),
// which is Platt's scaling for several classes. It is fitted on scores of
// messages that the scoring machine had not seen.
type calibration struct {
	Scale float64   `json:"scale"`
	Shift []float64 `json:"shift"` // by class
}

// fitCalibration minimises the log loss of labels under scores by gradient
// descent from a fixed start, so that it is deterministic. Messages without
// scores are passed over.
func fitCalibration(scores [][]float64, labels []int, classes int) calibration {
	cal := calibration{Scale: 1, Shift: make([]float64, classes)}
	if len(scores) == 0 {
		return cal
	}
	const rounds, rate, shrink = 400, 0.5, 0.01
	n := float64(len(scores))
	p := make([]float64, classes)
	gradShift := make([]float64, classes)
	for range rounds {
		gradScale := 0.0
		for c := range gradShift {
			gradShift[c] = shrink * cal.Shift[c]
		}
		for i, s := range scores {
			if s == nil {
				continue
			}
			cal.probabilities(s, p)
			for c := range p {
				d := p[c]
				if c == labels[i] {
					d--
				}
				gradScale += d * s[c] / n
				gradShift[c] += d / n
			}
		}
		cal.Scale = max(0.01, cal.Scale-rate*4*gradScale)
		for c := range gradShift {
			cal.Shift[c] -= rate * gradShift[c]
		}
	}
	return cal
}

// probabilities fills p, which has a place for every class.
func (cal *calibration) probabilities(scores, p []float64) {
	top := math.Inf(-1)
	for c, s := range scores {
		p[c] = cal.Scale*s + cal.Shift[c]
		top = max(top, p[c])
	}
	sum := 0.0
	for c := range p {
		p[c] = math.Exp(p[c] - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
}

// best returns the likeliest class and its probability.
func (cal *calibration) best(scores, p []float64) (int, float64) {
	cal.probabilities(scores, p)
	b := 0
	for c := range p {
		if p[c] > p[b] {
			b = c
		}
	}
	return b, p[b]
}
