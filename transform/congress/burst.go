package congress

import (
	"context"
	"database/sql"
	"time"

	"zhicang/transform"
	"zhicang/transform/burst"
)

// burstVersion changes when bursts would come out otherwise.
const burstVersion = 1

// burstStep finds the days of the month on which a term bursts, looking back
// over the three months before.
func burstStep() transform.Step {
	return transform.Step{
		Table:   "dws.congress_term_burst",
		Version: func() string { return digest(burstVersion, burst.Default) },
		Inputs: map[string]string{
			"total": `SELECT region_code, day, CAST(sum(people) AS BIGINT) AS people FROM dws.congress_term_day
				WHERE category = '全部' GROUP BY region_code, day ORDER BY region_code, day`,
			// A term that never had three people on one day has no burst to show.
			"term": `SELECT t.region_code, t.term, t.day, t.people
				FROM dws.congress_term_day AS t
				JOIN (
					SELECT region_code, term FROM dws.congress_term_day
					WHERE category = '全部' GROUP BY region_code, term HAVING max(people) >= 3
				) AS c ON c.region_code = t.region_code AND c.term = t.term
				WHERE t.category = '全部'
				ORDER BY t.region_code, t.term, t.day`,
		},
		Build: buildBursts,
	}
}

// dailyTotals holds a region's days in order.
type dailyTotals struct {
	days   []time.Time
	index  map[time.Time]int
	totals []float64
}

func buildBursts(ctx context.Context, b *transform.Build) error {
	regions, err := readTotals(ctx, b)
	if err != nil {
		return err
	}
	month, err := time.Parse(time.DateOnly, b.Month.FirstDay())
	if err != nil {
		return err
	}
	var region, term string
	var counts []float64
	finish := func() error {
		if term == "" {
			return nil
		}
		d := regions[region]
		for i, w := range burst.Find(counts, d.totals, burst.Default) {
			if w > 0 && !d.days[i].Before(month) {
				if err := b.Emit(ctx, d.days[i], region, term, w); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = each(ctx, b, "term", func(r *sql.Rows) error {
		var code, word string
		var day time.Time
		var people int64
		if err := r.Scan(&code, &word, &day, &people); err != nil {
			return err
		}
		if code != region || word != term {
			if err := finish(); err != nil {
				return err
			}
			region, term, counts = code, word, make([]float64, len(regions[code].days))
		}
		counts[regions[code].index[day]] = float64(people)
		return nil
	})
	if err != nil {
		return err
	}
	return finish()
}

func readTotals(ctx context.Context, b *transform.Build) (map[string]*dailyTotals, error) {
	regions := map[string]*dailyTotals{}
	err := each(ctx, b, "total", func(r *sql.Rows) error {
		var code string
		var day time.Time
		var people int64
		if err := r.Scan(&code, &day, &people); err != nil {
			return err
		}
		d := regions[code]
		if d == nil {
			d = &dailyTotals{index: map[time.Time]int{}}
			regions[code] = d
		}
		d.index[day] = len(d.days)
		d.days = append(d.days, day)
		d.totals = append(d.totals, float64(people))
		return nil
	})
	return regions, err
}
