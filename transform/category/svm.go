package category

import "math/rand/v2"

// svm holds one linear separator a class: score = w·x + bias.
type svm struct {
	classes int
	weights []float32 // feature*classes + class
	bias    []float32
}

// trainSVM fits one-against-rest linear support vector machines with squared
// hinge loss by dual coordinate descent (Hsieh et al., ICML 2008, algorithm 1).
// The order of the examples is shuffled by a fixed seed: same input, same
// machine.
func trainSVM(vecs []vector, labels []int, classes, features int, opt svmOptions) *svm {
	m := &svm{classes: classes, weights: make([]float32, features*classes), bias: make([]float32, classes)}
	w := make([]float64, features+1) // the last is the bias, a feature of constant 1
	counts := make([]int, classes)
	for _, l := range labels {
		counts[l]++
	}
	for class := range classes {
		clear(w)
		// A small class would be swamped by the rest: its examples weigh more.
		positive := opt.c * balance(len(labels), counts[class])
		solveDual(vecs, w, opt, positive, func(i int) bool { return labels[i] == class })
		for f := range features {
			m.weights[f*classes+class] = float32(w[f])
		}
		m.bias[class] = float32(w[features])
	}
	return m
}

type svmOptions struct {
	c      float64 // the cost of an error
	rounds int     // passes over the examples at most
}

func balance(n, positives int) float64 {
	if positives == 0 {
		return 1
	}
	return min(10, max(1, 0.5*float64(n)/float64(positives)))
}

// solveDual runs coordinate descent for one class and leaves the solution in w.
func solveDual(vecs []vector, w []float64, opt svmOptions, positiveC float64, positive func(int) bool) {
	const tolerance = 0.01
	biasAt := len(w) - 1
	n := len(vecs)
	alpha := make([]float64, n)
	order := make([]int, n)
	square := make([]float64, n)
	for i, v := range vecs {
		order[i] = i
		square[i] = 1
		for _, e := range v {
			square[i] += float64(e.value) * float64(e.value)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range opt.rounds {
		rng.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		worst := 0.0
		for _, i := range order {
			y, diag := -1.0, 1/(2*opt.c)
			if positive(i) {
				y, diag = 1, 1/(2*positiveC)
			}
			dot := w[biasAt]
			for _, e := range vecs[i] {
				dot += w[e.feature] * float64(e.value)
			}
			g := y*dot - 1 + diag*alpha[i]
			if alpha[i] == 0 && g >= 0 {
				continue
			}
			worst = max(worst, g, -g)
			next := max(0, alpha[i]-g/(square[i]+diag))
			if d := (next - alpha[i]) * y; d != 0 {
				alpha[i] = next
				for _, e := range vecs[i] {
					w[e.feature] += d * float64(e.value)
				}
				w[biasAt] += d
			}
		}
		if worst < tolerance {
			return
		}
	}
}

// scores returns the score of every class, in dst where it is large enough.
func (m *svm) scores(v vector, dst []float64) []float64 {
	dst = append(dst[:0], make([]float64, m.classes)...)
	for c := range dst {
		dst[c] = float64(m.bias[c])
	}
	for _, e := range v {
		row := m.weights[int(e.feature)*m.classes:][:m.classes]
		for c, w := range row {
			dst[c] += float64(w) * float64(e.value)
		}
	}
	return dst
}
